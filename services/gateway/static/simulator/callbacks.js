// Being called back: the offer while one waits, the telephone that rings by itself, the message left with a closed group.

export const WORDS = {
  zh: {
    callback: "不想等待？按 1 或点击此处，我们回电给您", callbackClosed: "现在不在服务时间。按 1 或点击此处，开放后我们回电给您", asked: "已登记：轮到您时我们会回电", withheld: "不显示号码时无法回电",
    rings: "电话响了：回电", pickUp: "接听", refuse: "拒接", missed: "回电已停止振铃", closed: "现在没有人接听，请留言", message: "留言", leave: "留下留言", left: "留言已收到，我们会尽快答复", outside: "已转到外部号码",
  },
  en: {
    callback: "Rather not wait? Press 1 or click here and we call you back", callbackClosed: "We are closed. Press 1 or click here and we call you back when we open", asked: "Noted: we call you when it is your turn", withheld: "Without a number nobody can call you back",
    rings: "The telephone rings: they call you back", pickUp: "Answer", refuse: "Refuse", missed: "It rings no more", closed: "Nobody takes calls now, please leave a message", message: "Message", leave: "Leave it", left: "Your message was taken; we answer as soon as we can", outside: "Passed on to an outside number",
  },
};

export class Callbacks {
  /** `phone` has show, caption, ask, listen; `t` gives words, `el` makes elements. */
  constructor(phone, base, t, el) {
    Object.assign(this, { phone, base, t, el, offered: false, version: -1, box: el("div", { className: "called" }) });
    phone.status.after(this.box);
    this.watch();
  }
  clear() {
    this.offered = false;
    this.box.replaceChildren();
  }
  offer(why) {
    this.offered = true;
    const text = this.t(why === "closed" ? "callbackClosed" : "callback");
    this.box.replaceChildren(this.el("button", { type: "button", className: "back", onclick: () => this.accept() }, text));
  }
  press(key) {
    if (this.offered && key === "1") this.accept();
  }
  async accept() {
    this.clear();
    await this.phone.ask("calls/callback").then(() => this.phone.caption(this.t("asked"), "note"), () => this.phone.caption(this.t("withheld"), "note"));
  }
  /** The call is over; where it was to go on. */
  ended(to) {
    this.clear();
    if (to === "number") this.phone.caption(this.t("outside"), "note");
    if (to !== "message") return;
    const words = this.el("textarea", { rows: 3, maxLength: 4000, "aria-label": this.t("message") });
    const leave = this.el("button", { type: "button", onclick: () => this.leave(words.value.trim()) }, this.t("leave"));
    this.phone.caption(this.t("closed"), "note");
    this.box.replaceChildren(words, leave);
  }
  async leave(text) {
    if (!text) return;
    await this.phone.ask("calls/message", { text, entry: this.phone.number.value });
    this.box.replaceChildren();
    this.phone.caption(this.t("left"), "note");
  }
  /** Looks after the telephone of whoever is played, for ever. */
  async watch() {
    for (;;) {
      const played = this.phone.caller.value;
      if (played === "" || !["idle", "ended"].includes(this.phone.state)) {
        this.version = -1;
        await new Promise((done) => setTimeout(done, 1000));
        continue;
      }
      try {
        const answer = await fetch(`${this.base}/phones/${played}?version=${this.version}`, { cache: "no-store" });
        const said = await answer.json();
        if (this.phone.caller.value !== played) continue;
        if (said.attempt_id && said.attempt_id !== this.ringing) this.ring(played, said.attempt_id);
        if (!said.attempt_id && this.ringing) this.silence();
        this.version = said.version;
        if (!said.version) await new Promise((done) => setTimeout(done, 1000));
      } catch {
        await new Promise((done) => setTimeout(done, 2000));
      }
    }
  }
  ring(played, attempt) {
    this.ringing = attempt;
    this.phone.caption(this.t("rings"), "note");
    const take = (answers) => () => this.pickUp(played, attempt, answers);
    this.box.replaceChildren(
      this.el("button", { type: "button", className: "dial", onclick: take(true) }, this.t("pickUp")),
      this.el("button", { type: "button", className: "hang", onclick: take(false) }, this.t("refuse")),
    );
  }
  silence() {
    this.ringing = null;
    this.box.replaceChildren();
    this.phone.caption(this.t("missed"), "note");
  }
  async pickUp(played, attempt, answers) {
    this.ringing = null;
    this.box.replaceChildren();
    try {
      const made = await this.phone.ask(`phones/${played}/pick-up`, { attempt_id: attempt, answers });
      if (answers) this.phone.takeUp(made);
    } catch {
      this.silence();
    }
  }
}
