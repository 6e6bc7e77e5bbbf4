// A telephone in the page: SIP over WebSocket, sound by WebRTC. One call at a time; what happens is told, what is drawn is the page's.

const LIBRARY = "/static/vendor/jssip-3.12.0.min.js";
const GATHER_MS = 300; // of quiet, after which the addresses found so far are enough
const LEVEL_MS = 120;
const REFUSED = ["Authentication Error", "Rejected", "Forbidden"];

let loading = null;

/** The SIP library, fetched when first needed: a script of its own, no module. */
function library() {
  loading ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: LIBRARY });
    script.onload = () => done(window.JsSIP);
    script.onerror = () => { loading = null; failed(new Error("library")); };
    document.head.append(script);
  });
  return loading;
}

/** Loudness 0–1 of a stream, as a function; ends with `stop`. */
function meter(context, stream) {
  const [source, analyser] = [context.createMediaStreamSource(stream), context.createAnalyser()];
  analyser.fftSize = 512;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level() {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      return Math.min(Math.sqrt(power) * 4, 1);
    },
    stop: () => source.disconnect(),
  };
}

/**
 * `tell(state, more)`: "connecting", "ready", "lost", "refused", "ringing" ({offer, atOnce}), "talking", "over" ({cause}),
 * "no_microphone". `tellLevels(mine, theirs)` while somebody talks.
 */
export class Softphone {
  constructor(tell, tellLevels) {
    Object.assign(this, { tell, tellLevels, agent: null, call: null, audio: new Audio(), meters: [], timer: null, context: null });
    this.microphone = "";
  }

  async register(account) {
    const JsSIP = await library();
    this.account = account;
    this.leave();
    this.tell("connecting");
    const agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(account.ws_url)], uri: account.sip_uri, authorization_user: account.user,
      password: account.password, register_expires: 120, session_timers: false, user_agent: "UCC page",
      connection_recovery_min_interval: 2, connection_recovery_max_interval: 10,
    });
    const mine = (act) => (event) => this.agent === agent && act(event);
    agent.on("registered", mine(() => !this.call && this.tell("ready")));
    agent.on("disconnected", mine(() => this.tell("lost")));
    agent.on("registrationFailed", mine(({ cause }) => this.tell(REFUSED.includes(cause) ? "refused" : "lost")));
    agent.on("newRTCSession", mine(({ originator, session, request }) => originator === "remote" && this.invited(session, request)));
    this.agent = agent;
    agent.start();
  }

  leave() {
    const agent = this.agent;
    this.agent = null;
    agent?.stop();
  }

  invited(session, request) {
    if (this.call) return session.terminate({ status_code: 486 });
    this.call = session;
    session.on("peerconnection", ({ peerconnection }) => this.hearFrom(peerconnection));
    session.on("icecandidate", ({ ready }) => { clearTimeout(this.gathered); this.gathered = setTimeout(ready, GATHER_MS); });
    session.on("accepted", () => this.tell("talking"));
    session.on("getusermediafailed", () => this.tell("no_microphone"));
    session.on("failed", ({ cause }) => this.over(session, cause));
    session.on("ended", ({ cause }) => this.over(session, cause));
    this.tell("ringing", { offer: request.getHeader("X-UCC-Offer") ?? null, atOnce: /answer-after/.test(request.getHeader("Call-Info") ?? "") });
  }

  answer() {
    if (!this.call || this.call.isEstablished() || this.answering === this.call) return;
    this.answering = this.call;
    const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(this.microphone && { deviceId: this.microphone }) };
    this.call.answer({ mediaConstraints: { audio, video: false }, pcConfig: { iceServers: this.account.ice } });
  }

  hearFrom(connection) {
    connection.addEventListener("track", ({ track, streams }) => {
      const stream = streams[0] ?? new MediaStream([track]);
      this.audio.srcObject = stream;
      this.audio.play();
      const sent = connection.getSenders().find((sender) => sender.track)?.track;
      this.measure(sent ? new MediaStream([sent]) : null, stream);
    });
  }

  measure(mine, theirs) {
    this.context ??= new AudioContext();
    this.context.resume();
    this.stopMeasuring();
    this.meters = [mine, theirs].map((stream) => stream && meter(this.context, stream));
    this.timer = setInterval(() => this.tellLevels(...this.meters.map((one) => one?.level() ?? 0)), LEVEL_MS);
  }

  stopMeasuring() {
    clearInterval(this.timer);
    for (const one of this.meters) one?.stop();
    this.meters = [];
    this.tellLevels(0, 0);
  }

  over(session, cause) {
    if (this.call !== session) return;
    this.call = this.answering = null;
    this.audio.srcObject = null;
    this.stopMeasuring();
    this.tell("over", { cause });
    this.tell(this.agent?.isRegistered() ? "ready" : "lost");
  }

  mute(muted) {
    if (muted) this.call?.mute({ audio: true });
    else this.call?.unmute({ audio: true });
  }

  /** Another microphone for the next call; another loudspeaker at once, where the browser can. */
  async useSpeaker(id) {
    await this.audio.setSinkId?.(id);
  }

  hangUp() {
    this.call?.terminate();
  }

  /** Sound of the microphone alone, for a look at the meter before a call; returns how to stop. */
  async listenToMicrophone() {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: this.microphone ? { deviceId: this.microphone } : true });
    if (!this.call) this.measure(stream, null);
    return () => { for (const track of stream.getTracks()) track.stop(); if (!this.call) this.stopMeasuring(); };
  }
}
