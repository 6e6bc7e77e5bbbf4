/* UCC web chat: <script src="https://…/widget/ucc-chat.js" data-site="gw-…" data-lang="zh|en" async></script>
 * Also data-entry, -line, -identity, -theme, -open (see the gateway's README). The page's policy must allow this origin in
 * script-src and connect-src, and img-src blob:. Drawn in a shadow root; nothing of the page is touched. */
(() => {
  "use strict";
  const tag = document.currentScript;
  const { site, entry, line, identity, theme } = tag.dataset;
  const BASE = `${new URL(tag.src).origin}/v1/web/${encodeURIComponent(site)}`;
  const KEPT = `ucc.chat.${site}`;
  const TRY_AGAIN_MS = 3000;
  const TYPING_EVERY_MS = 3000;
  const TYPING_SHOWN_MS = 5000;
  const MAX_WAIT_MS = 15000;

  const WORDS = {
    zh: {
      open: "打开在线客服", close: "收起", menu: "更多", send: "发送", message: "输入消息", attach: "发送文件",
      lines: "请选择业务", log: "会话", bot: "智能助手", agent: "客服", system: "系统", me: "我", typing: "正在输入…", waiting: "正在为您接通客服…",
      place: "您前面还有 {n} 位", first: "下一位就是您", estimate: "预计等待约 {t}（多数不超过 {T}）", unknown: "等待时间暂无法估计", minutes: "{n} 分钟", seconds: "{n} 秒",
      connected: "{name} 为您服务", served: "客服为您服务", botOn: "智能助手为您服务", ended: "会话已结束。继续输入可重新发起。", rate: "本次服务您是否满意？", rated: "谢谢，您的评价已收到。", stars: "{of} 分中的 {n} 分", rateFailed: "评价未能提交，请再试一次", offline: "连接已断开，正在重连…", sending: "发送中",
      queued: "待发送", sent: "已送达", read: "已读", failed: "未发送", again: "重试", end: "结束会话", transcript: "下载记录（文本）", transcriptHtml: "下载记录（网页）",
      mail: "发送记录到邮箱", leave: "留言", callOffer: "不想等待？我们可以给您回电", callClosed: "现在不在服务时间，开放后我们可以给您回电", callNumber: "您的电话号码", callAt: "时间（留空则尽快）", callMe: "请回电", callNoted: "已登记，我们会给您回电", callFailed: "暂时无法登记，请检查号码", other: "English", otherTag: "en", tooLarge: "文件过大，最大 {n}", kind: "不支持此类文件", tooMany: "文件数量已达上限", slow: "操作太频繁，请稍候",
      name: "姓名（选填）", email: "邮箱", phone: "电话", oneOf: "邮箱和电话请至少填写一项", text: "留言内容", leaveSend: "提交留言", left: "留言已收到，我们会尽快回复您。", back: "返回",
      unread: "{n} 条未读消息", download: "下载", mailed: "已提交，记录将发送到您的邮箱。", problem: "暂时无法完成，请稍后再试", confirmEnd: "确定结束会话？", yes: "结束", file: "文件", uploading: "上传中 {n}%",
    },
    en: {
      open: "Open the chat", close: "Minimise", menu: "More", send: "Send", message: "Message", attach: "Send a file",
      lines: "What is it about?", log: "Conversation", bot: "Assistant", agent: "Agent", system: "Notice", me: "Me", typing: "is typing…", waiting: "Looking for somebody to help you…",
      place: "{n} before you", first: "You are next", estimate: "About {t} to wait (most wait less than {T})", unknown: "Waiting time not known yet", minutes: "{n} min", seconds: "{n} s",
      connected: "{name} is here for you", served: "An agent is here for you", botOn: "The assistant is here for you", ended: "This conversation has ended. Write to begin again.", rate: "How satisfied are you with our service?", rated: "Thank you, we have your answer.", stars: "{n} of {of}", rateFailed: "That did not go through; please try again", offline: "The connection is lost, trying again…", sending: "sending",
      queued: "waiting to be sent", sent: "delivered", read: "read", failed: "not sent", again: "Try again", end: "End the conversation", transcript: "Save as text", transcriptHtml: "Save as a page",
      mail: "Send by e-mail", leave: "Leave a message", callOffer: "Rather not wait? We can call you back", callClosed: "We are closed now and can call you back", callNumber: "Your telephone number", callAt: "Time (empty: in turn)", callMe: "Call me back", callNoted: "Noted: we will call you", callFailed: "It could not be noted, please check the number", other: "中文", otherTag: "zh", tooLarge: "The file is too large ({n} at most)", kind: "Files of this kind are not taken", tooMany: "No more files can be sent", slow: "Too much at once, please wait",
      name: "Name (optional)", email: "E-mail", phone: "Telephone", oneOf: "Please give an e-mail address or a telephone number", text: "Your message", leaveSend: "Leave the message", left: "Thank you. We will answer you soon.", back: "Back",
      unread: "{n} unread", download: "Save", mailed: "It will come to your e-mail.", problem: "Not possible just now, please try again", confirmEnd: "End this conversation?", yes: "End", file: "File", uploading: "uploading {n} %",
    },
  };

  const STYLE = `
:host{all:initial;--accent:#0b6bcb;--on-accent:#fff;--back:#fff;--ink:#1b2430;--soft:#5a6675;--line:#d5dbe3;--mine:#e3effb;--theirs:#f0f2f5;--bad:#b3261e;
 font:15px/1.45 system-ui,-apple-system,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color-scheme:light dark}
:host([data-dark]){--back:#171c23;--ink:#e8ecf1;--soft:#a3b0bf;--line:#384250;--mine:#1d3a57;--theirs:#262d37;--bad:#ff9d94}
svg{fill:none;stroke:currentColor;stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round}*{box-sizing:border-box}[hidden]{display:none!important}
button,input,textarea{font:inherit;color:inherit}button{cursor:pointer;border:1px solid var(--line);background:none;border-radius:8px;min-height:36px;padding:4px 12px}
button:disabled{opacity:.55;cursor:default}:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.launch{position:fixed;right:20px;bottom:20px;z-index:2147483000;width:60px;height:60px;border-radius:30px;border:0;padding:0;background:var(--accent);color:var(--on-accent);box-shadow:0 4px 16px #0004;display:grid;place-items:center}
.launch svg{width:28px;height:28px}.badge{position:absolute;top:-4px;right:-4px;min-width:22px;height:22px;border-radius:11px;background:#b3261e;color:#fff;font-size:13px;font-weight:600;display:grid;place-items:center;padding:0 6px}
.panel{position:fixed;right:20px;bottom:20px;z-index:2147483001;width:380px;height:min(640px,calc(100vh - 40px));height:min(640px,calc(100dvh - 40px));background:var(--back);color:var(--ink);border:1px solid var(--line);border-radius:14px;box-shadow:0 12px 40px #0005;display:flex;flex-direction:column;overflow:hidden}
.head{background:var(--accent);color:var(--on-accent);display:flex;align-items:center;gap:8px;padding:10px 12px}.head h2{font-size:16px;margin:0;line-height:1.25}.head p{margin:0;font-size:13px}
.head .who{flex:1;min-width:0}.head .who *{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.head button{border-color:transparent;width:40px;min-height:40px;padding:0;display:grid;place-items:center}.head button:focus-visible{outline-color:currentColor}.head svg{width:20px;height:20px}
.menu{position:absolute;top:58px;right:8px;z-index:2;background:var(--back);border:1px solid var(--line);border-radius:10px;box-shadow:0 8px 24px #0004;display:flex;flex-direction:column;padding:6px;min-width:190px}.menu button{border:0;text-align:start}.menu button:hover{background:var(--theirs)}
.strip{margin:0;padding:6px 12px;font-size:13px;background:var(--theirs);border-bottom:1px solid var(--line)}.strip.bad{background:#8c1d18;color:#fff}
.log{flex:1;overflow-y:auto;margin:0;padding:12px;list-style:none;display:flex;flex-direction:column;gap:8px;overscroll-behavior:contain}
.m{max-width:84%;align-self:flex-start}.m.customer{align-self:flex-end}.m.system{align-self:center;max-width:92%;text-align:center;font-size:13px;color:var(--soft)}
.b{background:var(--theirs);border-radius:12px 12px 12px 4px;padding:8px 12px;white-space:pre-wrap;overflow-wrap:anywhere}.customer .b{background:var(--mine);border-radius:12px 12px 4px 12px}.system .b{background:none;padding:2px}
.f{font-size:12px;color:var(--soft);margin-top:2px;display:flex;gap:6px;flex-wrap:wrap;align-items:center}.customer .f{justify-content:flex-end}.f.bad{color:var(--bad)}.f button{min-height:24px;padding:0 6px;font-size:12px}
.pic{display:block;padding:0;border:0;background:none;min-height:0}.pic img{max-width:220px;max-height:220px;border-radius:8px;display:block}.doc{display:flex;gap:8px;align-items:center;text-align:start;margin-top:4px;background:var(--back)}.doc svg{width:18px;height:18px;flex:none}a{color:inherit}
.call-me form{display:grid;gap:6px;padding:8px 12px}.call-me input{font:inherit;padding:8px;min-height:44px}.rate{padding:4px 12px 10px;text-align:center}.rate p{margin:0 0 4px}.star{border:0;background:none;color:var(--accent);font-size:30px;line-height:1;padding:8px;min-width:44px;min-height:44px;cursor:pointer}.star:focus-visible{outline:2px solid var(--accent);border-radius:8px}
.choices{display:flex;flex-wrap:wrap;gap:6px;padding:0 12px 8px}.choices button,.lines label{border:1px solid var(--accent);border-radius:18px;background:var(--back)}
.lines{border:0;margin:0;padding:0 12px 8px}.lines legend{font-size:13px;color:var(--soft);padding:4px 0}.lines div{display:flex;flex-wrap:wrap;gap:6px}.lines label{padding:5px 12px;cursor:pointer}.lines input{position:absolute;opacity:0}.lines label:has(:checked){background:var(--accent);color:var(--on-accent)}.lines label:has(:focus-visible){outline:3px solid var(--accent);outline-offset:2px}
.typing{padding:0 14px 6px;font-size:13px;color:var(--soft);min-height:20px}
.compose{display:flex;gap:8px;padding:10px 12px;border-top:1px solid var(--line);align-items:flex-end}.compose textarea,.form input,.form textarea{flex:1;resize:none;border:1px solid #75808d;border-radius:10px;padding:8px 10px;background:var(--back);width:100%;min-width:0}.compose textarea{min-height:40px;max-height:120px}
.compose button{width:40px;min-height:40px;padding:0;display:grid;place-items:center}.compose svg{width:20px;height:20px}.go{background:var(--accent);color:var(--on-accent);border-color:transparent}
.form{padding:12px;display:flex;flex-direction:column;gap:10px;overflow-y:auto;flex:1}.form label{display:flex;flex-direction:column;gap:4px;font-size:13px;color:var(--soft)}.form label>*{font-size:15px;color:var(--ink)}.form p{margin:0}.row{display:flex;gap:8px}.bad{color:var(--bad)}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:480px){.panel{inset:0;width:auto;height:auto;border:0;border-radius:0}}
@media (prefers-reduced-motion:no-preference){.panel{animation:up .16s ease-out}@keyframes up{from{transform:translateY(12px);opacity:0}}}`;

  const ICONS = {
    chat: "M4 5h16v11H9l-5 4z", close: "M5 12h14", menu: "M5 6h14M5 12h14M5 18h14", send: "M4 12l16-8-6 16-3-7z", clip: "M8 12l6-6a3.5 3.5 0 015 5l-8 8a5 5 0 01-7-7l7-7",
  };

  const now = () => Date.now();
  const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  /** A store of the browser; where it is forbidden nothing is kept, and all else works. */
  const kept = (store) => ({
    get(key) { try { return JSON.parse(window[store].getItem(key)); } catch { return null; } },
    set(key, value) { try { value === null ? window[store].removeItem(key) : window[store].setItem(key, JSON.stringify(value)); } catch { /* private mode */ } },
  });
  const browser = kept("localStorage");
  const tab = kept("sessionStorage");

  /** An element with properties or attributes, and children; text never becomes markup. */
  function el(name, props = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(props)) {
      if (value === undefined || value === null) continue;
      if (key in node && !/^(role|type|for)$|-/.test(key)) node[key] = value;
      else node.setAttribute(key, value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }
  function icon(name) {
    const draw = (part) => document.createElementNS("http://www.w3.org/2000/svg", part);
    const [svg, path] = [draw("svg"), draw("path")];
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  /** A call that was refused: `status` 0 means that nothing came back. */
  class Refusal extends Error {
    constructor(status, code, after) { super(code); Object.assign(this, { status, code, after }); }
  }

  /** The line to the gateway: a token, calls, and the stream with its cursor. */
  class Line {
    constructor(hear, show) { Object.assign(this, { hear, show, token: null, cursor: null, wanted: false, wait: 500 }); }

    async call(method, path, { body, raw, query = "", blob } = {}) {
      let answer;
      const headers = { authorization: `Bearer ${this.token}` };
      if (body) headers["content-type"] = "application/json";
      try {
        answer = await fetch(`${BASE}/${path}${query}`, { method, headers, body: raw ?? (body && JSON.stringify(body)) });
      } catch {
        throw new Refusal(0, "offline");
      }
      if (answer.ok) return answer.status === 204 ? null : blob ? answer.blob() : answer.json();
      throw await refusal(answer);
    }
    async begin() {
      const former = browser.get(KEPT)?.token;
      const wish = { ...(former && { token: former }), ...(identity && { identity }) };
      const made = await this.call("POST", "sessions", { body: wish });
      if (!made.same) this.cursor = null;
      this.token = made.token;
      browser.set(KEPT, { token: made.token });
    }
    /** Stay connected, from the cursor on, waiting a little longer after each failure. */
    async stay() {
      if (this.wanted) return;
      this.wanted = true;
      while (this.wanted) {
        try {
          if (!this.token) await this.begin();
          await this.read();
        } catch (refused) {
          if (refused.status === 401) this.token = null;
          if (refused.status === 403 || refused.status === 404) { this.wanted = false; this.show("refused"); return; }
        }
        this.show("away");
        await pause(this.wait + Math.random() * 300);
        this.wait = Math.min(this.wait * 2, MAX_WAIT_MS);
      }
    }
    async read() {
      const headers = { authorization: `Bearer ${this.token}`, accept: "text/event-stream" };
      if (this.cursor !== null) headers["last-event-id"] = this.cursor;
      this.stopper = new AbortController();
      const answer = await fetch(`${BASE}/stream`, { headers, signal: this.stopper.signal, cache: "no-store" }).catch(() => { throw new Refusal(0, "offline"); });
      if (!answer.ok) throw await refusal(answer);
      this.wait = 500;
      this.show("live");
      let watchdog = 0;
      const alive = () => { clearTimeout(watchdog); watchdog = setTimeout(() => this.stopper.abort(), 25000); };
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      try {
        for (;;) {
          alive();
          const { value, done } = await reader.read();
          if (done) return;
          const blocks = (rest + value).split("\n\n");
          rest = blocks.pop();
          blocks.forEach((block) => this.take(block));
        }
      } finally { clearTimeout(watchdog); }
    }
    take(block) {
      let id = null, data = "";
      for (const row of block.split("\n")) {
        if (row.startsWith("id: ")) id = row.slice(4);
        else if (row.startsWith("data: ")) data += row.slice(6);
      }
      if (!data) return;
      this.hear(JSON.parse(data));
      if (id !== null) this.cursor = id; // after it was shown: what breaks in between comes again
    }
    retry() { this.wait = 100; this.stopper?.abort(); }
  }
  async function refusal(answer) {
    const problem = await answer.json().catch(() => ({}));
    return new Refusal(answer.status, (problem.type ?? "").split(":").pop(), Number(answer.headers.get("retry-after")) * 1000 || TRY_AGAIN_MS);
  }

  /** What was said, what is still to be sent, and echoes held back until their answer has come. */
  class Talk {
    constructor() { Object.assign(this, { messages: new Map(), outbox: tab.get(`${KEPT}.outbox`) ?? [], held: [], sending: false }); }
    keep() { tab.set(`${KEPT}.outbox`, this.outbox.filter((m) => m.text).map(({ key, text, at, line: about }) => ({ key, text, at, line: about }))); }
    replace(messages) { this.messages = new Map(messages.map((m) => [m.message_id, m])); this.held = []; }
    add(message) {
      if (message.author === "customer" && this.sending && !this.messages.has(message.message_id)) this.held.push(message);
      else this.messages.set(message.message_id, { ...message, ...this.messages.get(message.message_id) });
    }
    sent(entry, messageId, files = []) {
      this.outbox = this.outbox.filter((m) => m !== entry);
      if (messageId && !this.messages.has(messageId)) this.messages.set(messageId, { message_id: messageId, author: "customer", text: entry.text ?? null, at: entry.at, files });
      this.keep();
    }
    release() { const held = this.held; this.held = []; held.forEach((m) => { if (!this.messages.has(m.message_id)) this.messages.set(m.message_id, m); }); }
    /** In the order of the conversation, then what is on its way. */
    all() { return [...this.messages.values(), ...this.outbox]; }
  }

  class Widget {
    constructor(config) {
      Object.assign(this, { config, lang: browser.get(`${KEPT}.lang`) ?? (tag.dataset.lang === "en" ? "en" : "zh"), isOpen: false, view: "talk", state: null, choices: null, agent: null, place: null, unread: 0, connection: "none", receipts: { delivered: new Set(), read: new Set() }, acked: new Map(), pictures: new Map(), talk: new Talk() });
      this.line = new Line((frame) => this.hear(frame), (connection) => this.connected(connection));
      this.host = el("div", { "data-ucc-chat": site });
      this.root = this.host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      this.root.adoptedStyleSheets = [sheet];
      this.dress();
      this.build();
      document.body.append(this.host);
      if (browser.get(KEPT)?.token) this.line.stay();
      if (tab.get(`${KEPT}.open`) || "open" in tag.dataset) this.open(false);
      addEventListener("online", () => this.line.retry());
      document.addEventListener("visibilitychange", () => this.acknowledge());
      setInterval(() => this.tellPage(), 2000);
    }
    t(key, values = {}) { return WORDS[this.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name]); }
    words(pair) { return pair[this.lang]; }

    dress() {
      const dark = matchMedia("(prefers-color-scheme: dark)");
      const wear = () => this.host.toggleAttribute("data-dark", theme ? theme === "dark" : dark.matches);
      dark.addEventListener("change", wear);
      wear();
      const light = [1, 3, 5].map((at) => parseInt(this.config.accent.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
      this.host.style.setProperty("--accent", this.config.accent);
      this.host.style.setProperty("--on-accent", 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] > 0.179 ? "#000" : "#fff");
    }

  // -- drawing

    build() {
      const t = (key, values) => this.t(key, values);
      this.host.lang = this.lang === "en" ? "en" : "zh-CN";
      this.badge = el("span", { className: "badge", "aria-hidden": "true" });
      this.launcher = el("button", { className: "launch", type: "button", "aria-haspopup": "dialog", onclick: () => this.open() }, icon("chat"), this.badge);
      this.status = el("p", { role: "status" });
      this.menuButton = el("button", { type: "button", "aria-label": t("menu"), "aria-expanded": "false", "aria-controls": "menu", title: t("menu"), onclick: () => this.toggleMenu() }, icon("menu"));
      this.menu = el("div", { className: "menu", id: "menu", hidden: true });
      this.banner = el("p", { className: "strip bad", role: "status", hidden: true }, t("offline"));
      this.placeStrip = el("p", { className: "strip", role: "status", hidden: true });
      this.log = el("div", { className: "log", role: "log", "aria-live": "polite", "aria-label": t("log"), tabIndex: 0 });
      this.choiceRow = el("div", { className: "choices", role: "group" });
      this.rateRow = el("div", { className: "rate", hidden: true });
      this.callRow = el("div", { className: "call-me", hidden: true });
      this.typingRow = el("div", { className: "typing", role: "status" });
      this.lineChoice = el("fieldset", { className: "lines" }, el("legend", {}, t("lines")), el("div", {}, ...this.config.lines.map((offered, n) => el("label", {}, el("input", { type: "radio", name: "line", value: offered.business_line, checked: n === 0 }), this.words(offered.title)))));
      this.input = el("textarea", { rows: 1, maxLength: 4000, placeholder: t("message"), "aria-label": t("message"), value: tab.get(`${KEPT}.draft`) ?? "", oninput: () => this.typed(), onkeydown: (event) => this.pressed(event) });
      this.picker = el("input", { type: "file", hidden: true, tabIndex: -1, "aria-label": t("attach"), accept: this.config.uploads.kinds.map((kind) => `.${kind}`).join(","), onchange: () => this.picked() });
      this.attach = el("button", { type: "button", "aria-label": t("attach"), title: t("attach"), onclick: () => this.picker.click() }, icon("clip"));
      this.compose = el("form", { className: "compose", onsubmit: (event) => { event.preventDefault(); this.submit(); } }, this.attach, this.picker, this.input, el("button", { className: "go", type: "submit", "aria-label": t("send"), title: t("send") }, icon("send")));
      this.form = el("div", { hidden: true });
      this.panel = el("section", { className: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => this.trap(event) },
        el("header", { className: "head" }, el("div", { className: "who" }, el("h2", { id: "title" }, this.words(this.config.title)), this.status), this.menuButton,
          el("button", { type: "button", "aria-label": t("close"), title: t("close"), onclick: () => this.close() }, icon("close"))),
        this.menu, this.banner, this.placeStrip, this.log, this.choiceRow, this.callRow, this.rateRow, this.typingRow, this.lineChoice, this.compose, this.form);
      this.root.replaceChildren(this.launcher, this.panel);
      this.draw();
    }
    draw() {
      const live = this.isLive();
      this.launcher.setAttribute("aria-label", this.unread ? `${this.t("open")} · ${this.t("unread", { n: this.unread })}` : this.t("open"));
      this.badge.hidden = !this.unread;
      this.badge.textContent = this.unread > 99 ? "99+" : this.unread;
      this.launcher.hidden = this.isOpen;
      this.panel.hidden = !this.isOpen;
      this.panel.setAttribute("aria-modal", String(this.isFull()));
      const leaving = this.view === "leave";
      for (const part of [this.log, this.choiceRow, this.typingRow, this.compose]) part.hidden = leaving;
      this.lineChoice.hidden = leaving || live || Boolean(line) || this.config.lines.length < 2;
      this.form.hidden = !leaving;
      this.attach.hidden = !live;
      this.banner.hidden = this.connection !== "away";
      this.status.textContent = this.statusWords();
      this.placeStrip.hidden = leaving || this.state?.state !== "waiting";
      this.placeStrip.textContent = this.placeWords();
      this.drawMessages();
      this.drawChoices();
      this.drawRating();
      this.drawCallback();
    }
    statusWords() {
      const { state } = this.state ?? {};
      if (state === "agent") return this.agent ? this.t("connected", { name: this.agent }) : this.t("served");
      return { bot: this.t("botOn"), waiting: this.t("waiting"), ended: this.t("ended") }[state] ?? (this.config.open ? "" : this.words(this.config.offline_text));
    }
    placeWords() {
      if (!this.place) return this.t("waiting");
      const time = (s) => (s < 60 ? this.t("seconds", { n: Math.max(5, Math.ceil(s / 5) * 5) }) : this.t("minutes", { n: Math.ceil(s / 60) }));
      const { position, p50, p90 } = this.place;
      const wait = p50 === null ? this.t("unknown") : this.t("estimate", { t: time(p50), T: time(p90 ?? p50) });
      return `${position > 1 ? this.t("place", { n: position - 1 }) : this.t("first")} · ${wait}`;
    }
    drawMessages() {
      const messages = this.talk.all();
      const atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
      const nodes = new Map(Array.from(this.log.children, (node) => [node.dataset.id, node]));
      if (!messages.length && !this.state) messages.push({ message_id: "greeting", author: "bot", text: this.words(this.config.greeting), at: 0 });
      const wanted = messages.map((message) => {
        const id = message.message_id ?? message.key;
        const mark = JSON.stringify([message.state, message.progress, message.fault, message.text]);
        const known = nodes.get(id);
        if (known?.dataset.mark === mark) return known;
        const node = this.message(message);
        Object.assign(node.dataset, { id, mark });
        return node;
      });
      if (wanted.length === this.log.children.length && wanted.every((node, n) => node === this.log.children[n])) return;
      const keep = new Set(wanted);
      for (const node of [...this.log.children]) if (!keep.has(node)) node.remove();
      wanted.forEach((node, n) => { if (this.log.children[n] !== node) this.log.insertBefore(node, this.log.children[n] ?? null); });
      if (atEnd) this.log.scrollTop = this.log.scrollHeight;
    }
    message(message) {
      const { author, text, at } = { author: "customer", ...message };
      const files = (message.files ?? []).map((file) => this.file(file));
      const time = at ? new Date(at).toLocaleTimeString(this.lang === "en" ? "en-GB" : "zh-CN", { hour: "2-digit", minute: "2-digit" }) : "";
      const who = author === "agent" && this.agent ? this.agent : this.t(author === "customer" ? "me" : author);
      const foot = el("div", { className: message.fault ? "f bad" : "f" }, el("span", { className: author === "system" ? "sr" : "" }, who), el("span", {}, time));
      if (author === "customer") foot.append(...this.delivery(message));
      return el("div", { className: `m ${author}` }, text ? el("div", { className: "b", dir: "auto" }, ...linked(text)) : null, ...files, foot);
    }
    delivery(message) {
      if (message.fault) return [el("span", {}, `${this.t("failed")} · ${message.fault}`), el("button", { type: "button", onclick: () => this.again(message) }, this.t("again"))];
      if (message.progress !== undefined) return [el("span", {}, this.t("uploading", { n: message.progress }))];
      if (!message.message_id) return [el("span", {}, this.t(this.connection === "live" ? "sending" : "queued"))];
      return [el("span", { "data-state": message.state === "read" ? "read" : "sent", title: this.t(message.state === "read" ? "read" : "sent") }, `${message.state === "read" ? "✓✓" : "✓"} `, el("span", { className: "sr" }, this.t(message.state === "read" ? "read" : "sent")))];
    }
    file(file) {
      const label = file.name ?? this.t("file");
      const save = () => this.save(file);
      if (!file.media_type?.startsWith("image/") || !file.file_id) return el("button", { className: "doc", type: "button", onclick: save, disabled: !file.file_id }, icon("clip"), el("span", {}, `${label} · ${size(file.size)}`));
      const image = el("img", { alt: label });
      this.picture(file).then((url) => { image.src = url; }).catch(() => image.replaceWith(label));
      return el("button", { className: "pic", type: "button", onclick: save, "aria-label": `${this.t("download")} ${label}` }, image);
    }
    picture(file) {
      if (!this.pictures.has(file.file_id)) this.pictures.set(file.file_id, this.line.call("GET", `files/${file.file_id}`, { blob: true }).then((blob) => URL.createObjectURL(blob)));
      return this.pictures.get(file.file_id);
    }
    drawChoices() {
      const asked = this.choices;
      const shown = asked && this.isLive() && this.state?.state === "bot" && (!asked.after || this.talk.messages.has(asked.after)) ? asked.choices : [];
      const mark = JSON.stringify(shown);
      if (this.choiceRow.dataset.mark === mark) return;
      this.choiceRow.dataset.mark = mark;
      this.choiceRow.replaceChildren(...shown.map((choice) => el("button", { type: "button", onclick: () => this.say(choice.label) }, choice.label)));
    }
    /** After a conversation with a person: how was it? One answer; a thank-you stays in its place. */
    drawRating() {
      const { state, rating, contact_id: contactId } = this.state ?? {};
      const scale = state === "ended" && this.view === "talk" ? rating : null;
      this.rateRow.hidden = !scale;
      const mark = JSON.stringify([contactId, scale, this.rated === contactId, this.lang]);
      if (this.rateRow.dataset.mark === mark) return;
      this.rateRow.dataset.mark = mark;
      if (!scale) return this.rateRow.replaceChildren();
      if (this.rated === contactId) return this.rateRow.replaceChildren(el("p", { role: "status" }, this.t("rated")));
      const light = (n) => stars.forEach((star, m) => { star.textContent = m <= n ? "★" : "☆"; });
      const stars = Array.from({ length: scale }, (_, n) => el("button", {
        type: "button", className: "star", "aria-label": this.t("stars", { n: n + 1, of: scale }),
        onclick: () => this.rate(contactId, n + 1), onmouseenter: () => light(n), onfocus: () => light(n),
      }, "☆"));
      this.rateRow.replaceChildren(el("p", {}, this.t("rate")), el("div", { role: "group", "aria-label": this.t("rate") }, ...stars));
    }
    /** Instead of waiting: be called back, now or at a time of one's own. */
    drawCallback() {
      const offered = this.callback && this.isLive() && this.view === "talk" && this.callback.contact_id === this.state?.contact_id ? this.callback : null;
      const mark = JSON.stringify([offered, this.lang]);
      this.callRow.hidden = !offered;
      if (this.callRow.dataset.mark === mark) return;
      this.callRow.dataset.mark = mark;
      if (!offered) return this.callRow.replaceChildren();
      const phone = el("input", { type: "tel", required: true, maxLength: 32, "aria-label": this.t("callNumber"), placeholder: this.t("callNumber") });
      const at = el("input", { type: "datetime-local", "aria-label": this.t("callAt") });
      const ask = el("form", { onsubmit: (event) => { event.preventDefault(); this.askCallback(offered.contact_id, phone.value.trim(), at.value); } },
        el("p", {}, this.t(offered.why === "closed" ? "callClosed" : "callOffer")), phone, el("label", {}, this.t("callAt"), at), el("button", {}, this.t("callMe")));
      this.callRow.replaceChildren(ask);
    }
    async askCallback(contactId, phone, at) {
      try {
        await this.line.call("POST", "callback", { body: { contact_id: contactId, phone, ...(at && { at: new Date(at).toISOString() }) } });
      } catch {
        return this.notice(this.t("callFailed"));
      }
      this.callback = null;
      this.notice(this.t("callNoted"));
      this.draw();
    }
    async rate(contactId, score) {
      try {
        await this.line.call("POST", "rating", { body: { contact_id: contactId, score } });
      } catch (problem) {
        if (problem.status !== 409) return this.notice(this.t("rateFailed"));
      }
      this.rated = contactId;
      this.draw();
    }
    toggleMenu(open = this.menu.hidden) {
      const item = (key, act) => el("button", { type: "button", onclick: () => { this.toggleMenu(false); act(); } }, this.t(key));
      const talked = this.talk.messages.size > 0;
      this.menu.replaceChildren(...[
        item("other", () => this.speak(this.t("otherTag"))),
        talked && item("transcript", () => this.saveTranscript("txt")), talked && item("transcriptHtml", () => this.saveTranscript("html")),
        talked && this.config.mail && item("mail", () => this.askMail()),
        this.config.deposits && item("leave", () => this.showLeave()), this.isLive() && item("end", () => this.askEnd()),
      ].filter(Boolean));
      this.menu.hidden = !open;
      this.menuButton.setAttribute("aria-expanded", String(open));
      if (open) this.menu.firstChild.focus();
    }
    speak(lang) {
      this.lang = lang;
      browser.set(`${KEPT}.lang`, lang);
      const draft = this.input.value;
      this.build();
      this.input.value = draft;
      if (this.view === "leave") this.showLeave();
      this.menuButton.focus();
    }
      notice(text) { this.typingRow.textContent = text; clearTimeout(this.noticeTimer); this.noticeTimer = setTimeout(() => { this.typingRow.textContent = ""; }, TYPING_SHOWN_MS); }

  // -- opening, closing, keys

    isFull() { return innerWidth <= 480; }
    isLive() { return Boolean(this.state) && this.state.state !== "ended"; }
    open(focus = true) {
      this.isOpen = true;
      this.unread = 0;
      tab.set(`${KEPT}.open`, true);
      this.line.stay();
      if (!this.config.open && this.config.deposits && !this.isLive() && !this.talk.messages.size) this.showLeave();
      this.draw();
      this.log.scrollTop = this.log.scrollHeight;
      if (focus) (this.view === "leave" ? this.form.querySelector("textarea") : this.input).focus();
      this.acknowledge();
    }
    close() {
      this.isOpen = false;
      tab.set(`${KEPT}.open`, null);
      this.draw();
      this.launcher.focus();
    }
    trap(event) {
      if (event.key === "Escape") {
        event.stopPropagation();
        if (!this.menu.hidden) { this.toggleMenu(false); this.menuButton.focus(); } else this.close();
      }
      if (event.key !== "Tab" || !this.isFull()) return;
      const stops = [...this.panel.querySelectorAll("button,textarea,input:not([hidden]),[tabindex='0']")].filter((node) => !node.disabled && node.getClientRects().length);
      const at = stops.indexOf(this.root.activeElement);
      if (event.shiftKey ? at <= 0 : at === stops.length - 1) { event.preventDefault(); stops[event.shiftKey ? stops.length - 1 : 0].focus(); }
    }
    pressed(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    }
    typed() {
      tab.set(`${KEPT}.draft`, this.input.value);
      this.input.style.height = "auto";
      this.input.style.height = `${Math.min(this.input.scrollHeight, 120)}px`;
      if (!this.isLive() || now() - (this.typedAt ?? 0) < TYPING_EVERY_MS) return;
      this.typedAt = now();
      this.line.call("POST", "typing").catch(() => {});
    }

  // -- what comes

    connected(connection) {
      this.connection = connection;
      this.draw();
      if (connection === "live") this.flush();
    }
    hear(frame) {
      const heard = {
        snapshot: () => {
          this.talk.replace(frame.messages);
          this.state = frame.state;
          this.agent = frame.state?.agent ?? null;
          this.choices = frame.choices;
          this.tellPage();
        },
        message: () => {
          this.talk.add(frame.message);
          this.typingRow.textContent = "";
          if (frame.message.author === "customer") this.choices = null;
          else if (!this.isOpen) this.unread += 1;
        },
        choices: () => { this.choices = frame; },
        callback: () => { this.callback = frame; },
        state: () => {
          this.state = frame;
          if (frame.state !== "waiting") this.callback = null;
          if (frame.state === "ended" && frame.to === "message" && this.config.deposits) this.showLeave();
          if (frame.state !== "waiting") this.place = null;
          if (frame.state !== "agent") this.agent = null;
          if (frame.state === "ended") this.choices = null;
        },
        agent: () => { this.agent = frame.name; },
        place: () => { this.place = frame; },
        typing: () => this.notice(`${frame.author === "agent" ? this.agent ?? this.t("agent") : this.t("bot")} ${this.t("typing")}`),
        receipt: () => { const message = this.talk.messages.get(frame.message_id); if (message && message.state !== "read") message.state = frame.state; },
      }[frame.type];
      heard?.();
      this.draw();
      this.acknowledge();
    }
    /** Tell who wrote that it has come, and when it was in sight, that it was read. */
    acknowledge() {
      const state = this.isOpen && document.visibilityState === "visible" ? "read" : "delivered";
      for (const message of this.talk.messages.values()) {
        if (message.author !== "agent" || message.state === "read" || this.acked.get(message.message_id) === "read" || this.acked.get(message.message_id) === state) continue;
        this.acked.set(message.message_id, state);
        this.receipts[state].add(message.message_id);
      }
      clearTimeout(this.receiptTimer);
      this.receiptTimer = setTimeout(() => this.sendReceipts(), 400);
    }
    sendReceipts() {
      for (const [state, ids] of Object.entries(this.receipts)) {
        const some = [...ids].slice(0, 50);
        if (!some.length) continue;
        some.forEach((id) => ids.delete(id));
        this.line.call("POST", "receipts", { body: { state, message_ids: some } }).catch(() => some.forEach((id) => this.acked.delete(id)));
      }
    }
    tellPage() {
      const url = location.href;
      if (!this.isLive() || this.toldPage === url || this.connection !== "live") return;
      this.toldPage = url;
      this.line.call("POST", "page", { body: this.here() }).catch(() => {});
    }
    here() { return { url: location.href.slice(0, 2000), title: document.title.slice(0, 256) }; }

  // -- what goes

    submit() {
      const text = this.input.value.trim();
      if (!text) return;
      this.input.value = "";
      this.typed();
      this.say(text);
    }
    say(text) {
      const chosen = line ?? this.lineChoice.querySelector("input:checked")?.value ?? this.config.lines[0].business_line;
      this.talk.outbox.push({ key: newKey(), text, at: now(), line: chosen });
      this.talk.keep();
      this.choices = null;
      this.draw();
      this.log.scrollTop = this.log.scrollHeight;
      this.line.stay();
      this.flush();
    }
    /** Send what waits, one after the other, each under its own key: what is sent twice counts once. */
    async flush() {
      if (this.talk.sending || !this.line.token) return;
      this.talk.sending = true;
      let later = 0;
      for (let entry; (entry = this.talk.outbox.find((m) => m.text && !m.fault)); ) {
        try {
          this.talk.sent(entry, await this.deliver(entry));
        } catch (refused) {
          if (refused.status === 0 || refused.status === 429 || refused.status >= 500) { later = refused.after ?? TRY_AGAIN_MS; break; }
          if (refused.status === 401) { this.line.token = null; this.line.retry(); break; }
          entry.fault = this.t("problem");
        }
        this.draw();
      }
      this.talk.sending = false;
      this.talk.release();
      this.draw();
      if (later) setTimeout(() => this.flush(), later);
    }
    async deliver({ key, text, line: about }) {
      if (this.isLive()) {
        try {
          return (await this.line.call("POST", "messages", { body: { key, text } })).message_id;
        } catch (refused) {
          if (refused.status !== 409) throw refused;
        }
      }
      const begun = await this.line.call("POST", "contacts", { body: { key, text, business_line: about, language: this.lang, page: this.here(), ...(entry && { entry }) } });
      this.state = this.isLive() ? this.state : { state: "bot", contact_id: begun.contact_id };
      this.toldPage = location.href;
      return begun.message_id;
    }
    again(entry) {
      delete entry.fault;
      this.draw();
      if (entry.blob) this.upload(entry);
      else this.flush();
    }
    picked() {
      const file = this.picker.files[0];
      this.picker.value = "";
      if (!file) return;
      const entry = { key: newKey(), blob: file, at: now(), progress: 0, files: [{ name: file.name, size: file.size, media_type: "" }] };
      this.talk.outbox.push(entry);
      this.upload(entry);
    }
    upload(entry) {
      const limit = this.config.uploads.max_bytes;
      const fail = (words) => { delete entry.progress; entry.fault = words; this.draw(); };
      if (entry.blob.size > limit) return fail(this.t("tooLarge", { n: size(limit) }));
      entry.progress = 0;
      const request = new XMLHttpRequest();
      request.open("POST", `${BASE}/files?key=${entry.key}&name=${encodeURIComponent(entry.blob.name.slice(-200))}`);
      request.setRequestHeader("authorization", `Bearer ${this.line.token}`);
      request.setRequestHeader("content-type", "application/octet-stream");
      request.upload.onprogress = (event) => { entry.progress = Math.min(99, Math.round((100 * event.loaded) / event.total)); this.draw(); };
      request.onerror = () => fail(this.t("problem"));
      request.onload = () => {
        if (request.status !== 202) return fail({ 413: this.t("tooLarge", { n: size(limit) }), 415: this.t("kind"), 409: this.t("tooMany"), 429: this.t("slow") }[request.status] ?? this.t("problem"));
        const taken = JSON.parse(request.responseText);
        this.talk.sent(entry, taken.message_id, [taken]);
        this.draw();
      };
      request.send(entry.blob);
      return this.draw();
    }
    async save(file) { download(await this.picture(file).catch(() => null), file.name ?? "file"); }
    async saveTranscript(form) {
      try {
        const blob = await this.line.call("GET", "transcript", { query: `?format=${form}&language=${this.lang}`, blob: true });
        download(URL.createObjectURL(blob), `chat.${form}`);
      } catch { this.notice(this.t("problem")); }
    }

  // -- forms

    ask(fields, submitWords, act) {
      this.view = "leave";
      const fault = el("p", { className: "bad", role: "alert" });
      const back = () => { this.view = "talk"; this.draw(); this.input.focus(); };
      const form = el("form", { className: "form", onsubmit: async (event) => {
        event.preventDefault();
        fault.textContent = "";
        try { await act(Object.fromEntries(new FormData(form)), fault); } catch { fault.textContent = this.t("problem"); }
      } }, ...fields, fault, el("div", { className: "row" }, el("button", { className: "go", type: "submit" }, submitWords), el("button", { type: "button", onclick: back }, this.t("back"))));
      this.form.replaceChildren(form);
      this.form.className = "form";
      this.back = back;
      this.draw();
      form.querySelector("textarea,input,button")?.focus();
    }
    showLeave() {
      const field = (key, props) => el("label", {}, this.t(key), el(props.rows ? "textarea" : "input", { name: key, ...props }));
      const key = newKey();
      this.ask([this.config.open ? "" : el("p", {}, this.words(this.config.offline_text)), field("text", { rows: 5, required: true, maxLength: 4000 }), field("name", { maxLength: 100, autocomplete: "name" }), field("email", { type: "email", maxLength: 254, autocomplete: "email" }), field("phone", { type: "tel", maxLength: 32, autocomplete: "tel" })], this.t("leaveSend"), async (given, fault) => {
        const filled = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
        if (!filled.email && !filled.phone) { fault.textContent = this.t("oneOf"); return; }
        if (!this.line.token) await this.line.begin();
        await this.line.call("POST", "deposits", { body: { key, ...filled, language: this.lang, ...(line && { business_line: line }), ...(entry && { entry }) } });
        this.back();
        this.notice(this.t("left"));
      });
    }
    askEnd() {
      this.ask([el("p", {}, this.t("confirmEnd"))], this.t("yes"), async () => { await this.line.call("POST", "end"); this.back(); });
    }
    askMail() {
      this.ask([el("label", {}, this.t("email"), el("input", { name: "to", type: "email", required: true, maxLength: 254, autocomplete: "email" }))], this.t("mail"), async ({ to }) => {
        await this.line.call("POST", "transcript/mail", { body: { to, language: this.lang } });
        this.back();
        this.notice(this.t("mailed"));
      });
    }
  }

  /** Text with its web addresses as links; everything stays text. */
  function linked(text) {
    return text.split(/(https?:\/\/[^\s<>"'，。；）]+)/).map((part, n) => (n % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer nofollow" }, part) : part));
  }
  const size = (bytes) => (bytes > 1048576 ? `${(bytes / 1048576).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`);
  function download(url, name) {
    if (url) el("a", { href: url, download: name }).click();
  }

  async function begin() {
    const answer = await fetch(`${BASE}/config`).catch(() => null);
    if (!answer?.ok) return void setTimeout(begin, MAX_WAIT_MS);
    window.uccChat = new Widget(await answer.json());
  }
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
