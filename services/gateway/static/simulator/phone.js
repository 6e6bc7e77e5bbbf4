// A telephone in the browser: what a caller hears comes as events, keys go back. Sounds are the ivr's; every word is shown too.

import { Callbacks, WORDS as CALLED } from "/simulator/callbacks.js";

const { gateway, lang } = document.documentElement.dataset;
const BASE = `/v1/simulator/${encodeURIComponent(gateway)}`;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const WORDS = {
  zh: {
    site: "网站与在线聊天", phone: "电话", number: "拨打", caller: "扮演", unknown: "新客户（不显示号码）", dial: "呼叫", hang: "挂断", sound: "播放声音", keys: "键盘", captions: "通话内容",
    idle: "请选择号码并呼叫", calling: "正在呼叫…", self_service: "自助服务", waiting: "排队等待人工", ringing: "坐席振铃中", connected: "已接通 {name}", held: "通话保持中", outside: "已接通外部号码", ended: "通话结束", failed: "暂时无法呼叫，请稍后再试",
    place: "您排在第 {n} 位", wait: "预计等待约 {t} 秒", unknownWait: "等待时间暂无法估计", music: "♪ 等待音乐", agent: "客服", hidden: "已输入保密数字", rate: "请为本次服务评分：按 1 到 {scale} 键，{scale} 为非常满意", rated: "谢谢，您的评价已收到", answered: "坐席已接听：在真实电话中，双方现在可以通话。",
  },
  en: {
    site: "Web site with chat", phone: "Telephone", number: "Call", caller: "Play", unknown: "Somebody new (number withheld)", dial: "Call", hang: "Hang up", sound: "Play sounds", keys: "Keys", captions: "What is said",
    idle: "Choose a number and call", calling: "Calling…", self_service: "Self-service", waiting: "Waiting for a person", ringing: "An agent's telephone rings", connected: "Connected to {name}", held: "On hold", outside: "Connected to an outside number", ended: "The call has ended", failed: "Calling is not possible just now, please try again",
    place: "You are number {n} in line", wait: "about {t} s to wait", unknownWait: "the waiting time is not known yet", music: "♪ music", agent: "an agent", hidden: "secret digits entered", rate: "How was our service? Press 1 to {scale}; {scale} is very satisfied", rated: "Thank you, we have your answer", answered: "The agent has answered: on a real line you would now talk.",
  },
}[lang];
Object.assign(WORDS, CALLED[lang]);
const t = (key, values = {}) => WORDS[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

function el(name, props = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key in node && !key.includes("-") && key !== "role") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** One key tone or note, so that a press is heard. */
class Tones {
  play(frequencies, seconds) {
    this.context ??= new AudioContext();
    const gain = this.context.createGain();
    gain.gain.setValueAtTime(0.06, this.context.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.0005, this.context.currentTime + seconds);
    gain.connect(this.context.destination);
    for (const frequency of frequencies) {
      const tone = new OscillatorNode(this.context, { frequency });
      tone.connect(gain);
      tone.start();
      tone.stop(this.context.currentTime + seconds);
    }
  }
  key(key) {
    const at = KEYS.indexOf(key);
    this.play([[697, 770, 852, 941][Math.floor(at / 3)], [1209, 1336, 1477][at % 3]], 0.18);
  }
  music(on) {
    clearInterval(this.playing);
    const notes = [262, 330, 392, 330, 294, 349, 440, 349];
    let at = 0;
    if (on) this.playing = setInterval(() => this.play([notes[at++ % notes.length]], 0.6), 700);
  }
}

class Phone {
  constructor(config) {
    Object.assign(this, { config, tones: new Tones(), token: null, cursor: 0, state: "idle", prompt: null, digits: "" });
    this.number = el("select", {}, ...config.numbers.map((n) => el("option", { value: n.entry }, n.title)));
    this.caller = el("select", {}, el("option", { value: "" }, t("unknown")), ...config.callers.map((c, n) => el("option", { value: String(n) }, c.label)));
    this.sound = el("input", { type: "checkbox", checked: true, onchange: () => this.quiet() });
    this.status = el("p", { className: "state", role: "status" });
    this.captions = el("ul", { className: "captions", "aria-label": t("captions"), "aria-live": "polite", tabIndex: 0 });
    this.keys = KEYS.map((key) => el("button", { type: "button", onclick: () => this.press(key) }, key));
    this.dialButton = el("button", { type: "button", className: "dial", onclick: () => this.dial() }, t("dial"));
    this.hangButton = el("button", { type: "button", className: "hang", onclick: () => this.hangUp() }, t("hang"));
    document.querySelector("#phone").append(
      el("label", {}, t("number"), this.number), el("label", {}, t("caller"), this.caller), this.status, this.captions,
      el("div", { className: "keys", role: "group", "aria-label": t("keys") }, ...this.keys), el("div", { className: "call" }, this.dialButton, this.hangButton),
      el("label", { className: "sound" }, this.sound, t("sound")),
    );
    addEventListener("keydown", (event) => { if (KEYS.includes(event.key) && !/SELECT|INPUT/.test(event.target.tagName)) this.press(event.key); });
    this.callbacks = new Callbacks(this, BASE, t, el);
    this.show("idle");
  }

  show(state, name) {
    this.state = state;
    const busy = !["idle", "ended"].includes(state);
    this.status.textContent = t(state, { name: name ?? t("agent") });
    this.status.className = `state ${state}`;
    this.dialButton.disabled = this.number.disabled = this.caller.disabled = busy;
    this.hangButton.disabled = !busy;
    for (const key of this.keys) key.disabled = !busy;
    this.music(["waiting", "ringing", "held"].includes(state));
  }
  caption(text, kind = "") {
    this.captions.append(el("li", { className: kind }, text));
    this.captions.scrollTop = this.captions.scrollHeight;
  }
  music(on) {
    if (on && !this.musicOn) this.caption(t("music"), "note");
    this.musicOn = on;
    this.tones.music(on && this.sound.checked);
  }
  quiet() {
    this.music(this.musicOn);
    if (!this.sound.checked) this.playing?.pause();
  }

  async ask(path, body) {
    const headers = { "content-type": "application/json", ...(this.token && { authorization: `Bearer ${this.token}` }) };
    const answer = await fetch(`${BASE}/${path}`, { method: "POST", headers, body: JSON.stringify(body ?? {}) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.status === 204 ? null : answer.json();
  }
  async dial() {
    this.captions.replaceChildren();
    this.callbacks.clear();
    this.token = null;
    this.scale = 0;
    this.show("calling");
    try {
      const made = await this.ask("calls", { entry: this.number.value, ...(this.caller.value && { caller: Number(this.caller.value) }) });
      Object.assign(this, { token: made.token, cursor: made.cursor });
      this.listen(made.token);
    } catch {
      this.show("ended");
      this.caption(t("failed"), "note");
    }
  }
  /** A call that came to us. */
  takeUp(made) {
    Object.assign(this, { token: made.token, cursor: made.cursor });
    this.show("waiting");
    this.listen(made.token);
  }
  async hangUp() {
    this.stopPrompt();
    await this.ask("calls/hang-up").catch(() => {});
    this.show("ended");
  }
  /** The call's events, from the cursor on after each break of the line. */
  async listen(token) {
    while (this.token === token && this.state !== "ended") {
      try {
        const answer = await fetch(`${BASE}/calls/stream`, { headers: { authorization: `Bearer ${token}`, "last-event-id": String(this.cursor) }, cache: "no-store" });
        if (!answer.ok) throw new Error(String(answer.status));
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        let rest = "";
        for (let piece = await reader.read(); !piece.done && this.token === token; piece = await reader.read()) {
          const blocks = (rest + piece.value).split("\n\n");
          rest = blocks.pop();
          blocks.forEach((block) => this.take(block));
        }
      } catch { /* the line broke: it is taken up again below */ }
      await new Promise((done) => setTimeout(done, 800));
    }
  }
  take(block) {
    const id = /^id: (\d+)$/m.exec(block);
    const data = /^data: (.*)$/m.exec(block);
    if (!data) return;
    if (id) this.cursor = Number(id[1]);
    this.hear(JSON.parse(data[1]));
  }
  hear(frame) {
    if (this.state === "ended") return;
    if (frame.type === "prompt") this.play(frame);
    if (frame.type === "callback") this.callbacks.offer(frame.why);
    if (frame.type === "place") this.caption(`${t("place", { n: frame.position })} · ${frame.p50 === null ? t("unknownWait") : t("wait", { t: frame.p50 })}`, "note");
    if (frame.type !== "state") return;
    if (frame.state !== "self_service") this.stopPrompt();
    if (frame.state === this.state) return;
    this.show(frame.state, frame.agent);
    if (frame.state === "ended" && frame.rating) this.askRating(frame.rating);
    if (frame.state === "ended") this.callbacks.ended(frame.to);
    if (frame.state === "connected") this.callbacks.clear();
    if (frame.state === "connected") this.caption(t("answered"), "note");
  }

  /** The agent has hung up first: a key press says how it was. */
  askRating(scale) {
    this.scale = scale;
    for (const key of this.keys) key.disabled = !(Number(key.textContent) >= 1 && Number(key.textContent) <= scale);
    const text = t("rate", { scale });
    this.caption(text);
    this.speak({ text, language: lang });
  }
  async rate(key) {
    const score = Number(key);
    if (!(score >= 1 && score <= this.scale)) return;
    this.scale = 0;
    for (const other of this.keys) other.disabled = true;
    await this.ask("calls/rate", { score }).then(() => this.caption(t("rated"), "note"), () => {});
  }

  // -- prompts: said whole or until a key is pressed, then awaited as the ivr wishes

  stopPrompt() {
    this.prompt = null;
    clearTimeout(this.timer);
    this.playing?.pause();
    speechSynthesis?.cancel();
  }
  async play(prompt) {
    this.stopPrompt();
    Object.assign(this, { prompt, digits: "" });
    if (this.state !== "self_service") this.show("self_service");
    for (const said of prompt.say) {
      this.caption(said.text);
      await this.speak(said);
      if (this.prompt !== prompt || (this.digits && prompt.gather?.barge_in)) break;
    }
    if (this.prompt !== prompt) return;
    if (!prompt.gather) return this.answer(prompt, "played");
    const heard = prompt.say.map((said) => said.text).join(" ");
    for (const choice of prompt.gather.choices) if (!this.digits && !heard.includes(choice.label)) this.caption(`${choice.key} · ${choice.label}`, "note");
    this.wait(this.digits ? prompt.gather.between_timeout_ms : prompt.gather.first_timeout_ms);
    return this.complete();
  }
  /** The ivr's sound; where there is none, the browser's own voice; silent, as long as reading takes. */
  async speak({ text, audio, language }) {
    const reading = Math.min(6000, 400 + 90 * text.length);
    if (this.sound.checked && audio && (await this.playSound(`${BASE}/audio/${audio}.wav`))) return;
    if (this.sound.checked && globalThis.speechSynthesis?.getVoices().length) {
      const voice = new SpeechSynthesisUtterance(text);
      voice.lang = language.startsWith("en") ? "en" : "zh-CN";
      speechSynthesis.speak(voice);
    }
    await new Promise((done) => { this.skip = done; setTimeout(done, reading); });
  }
  playSound(source) {
    return new Promise((done) => {
      const sound = (this.playing = new Audio(source));
      sound.onended = sound.onpause = () => done(true);
      sound.onerror = () => done(false);
      sound.play().catch(() => done(false));
    });
  }
  press(key) {
    if (this.state === "ended" && this.scale) return this.rate(key);
    if (["idle", "ended"].includes(this.state)) return;
    if (this.sound.checked) this.tones.key(key);
    const gather = this.prompt?.gather;
    if (!gather) return this.callbacks.press(key);
    if (!gather.barge_in && this.playing && !this.playing.paused && !this.playing.ended) return;
    this.digits += key;
    this.playing?.pause();
    speechSynthesis?.cancel();
    this.skip?.();
    this.wait(gather.between_timeout_ms);
    this.complete();
  }
  wait(milliseconds) {
    const { prompt } = this;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.answer(prompt, this.digits ? "digits" : "timeout"), milliseconds);
  }
  complete() {
    const { prompt, digits } = this;
    const gather = prompt?.gather;
    if (!gather || !digits) return;
    const finished = gather.finish_on && digits.endsWith(gather.finish_on) && digits.length > 1;
    if (finished || digits.length >= gather.max_digits) this.answer(prompt, "digits");
  }
  async answer(prompt, outcome) {
    if (this.prompt !== prompt) return;
    clearTimeout(this.timer);
    this.prompt = null;
    const finish = prompt.gather?.finish_on;
    const digits = finish && this.digits.length > 1 && this.digits.endsWith(finish) ? this.digits.slice(0, -1) : this.digits;
    if (outcome === "digits") this.caption(prompt.gather.secure ? t("hidden") : digits, "caller");
    const secret = outcome === "digits" && prompt.gather.secure && prompt.verify;
    const said = secret ? this.ask("calls/verify", { step: prompt.step, kind: prompt.verify, digits }) : this.ask("calls/answer", { step: prompt.step, outcome, ...(outcome === "digits" && { digits }) });
    await said.catch(() => this.caption(t("failed"), "note"));
  }
}

for (const node of document.querySelectorAll("[data-words]")) node.textContent = t(node.dataset.words);
for (const frame of document.querySelectorAll("[data-title]")) frame.title = t(frame.dataset.title);
const answer = await fetch(`${BASE}/config`);
globalThis.uccPhone = new Phone(await answer.json());
document.documentElement.dataset.drawn = "yes";
