// Shortcuts of the agent's page: Alt with a letter, so that typing is never mistaken for a command.

const focus = (id) => document.getElementById(id)?.focus();

const KEYS = {
  KeyA: (desk) => desk.accept(desk.shift.offers[0]),
  KeyR: (desk) => desk.reject(desk.shift.offers[0]),
  KeyV: (desk) => desk.setPresence("available", null),
  KeyB: (desk) => { desk.toggle("presence"); desk.$nextTick(() => document.querySelector(".menu button")?.focus()); },
  KeyM: () => focus("message"),
  KeyN: () => focus("note"),
  KeyH: (desk) => desk.isConnected() && desk.hold(),
  KeyT: (desk) => desk.isConnected() && desk.openTransfer(),
  KeyS: (desk) => desk.isConnected() && desk.current().channel === "phone" && desk.toggleSecure(),
  KeyX: (desk) => desk.inHand() && desk.end(),
  KeyW: (desk) => desk.wrapUp() && document.querySelector(".wrap-up select")?.focus(),
  KeyC: (desk) => desk.newCase(),
};

export function listenForKeys(desk) {
  addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
    const digit = /^Digit([1-9])$/.exec(event.code);
    const row = digit && desk.rows()[Number(digit[1]) - 1];
    if (!KEYS[event.code] && !row) return;
    event.preventDefault();
    if (row) desk.select(row.contact_id);
    else KEYS[event.code](desk);
  });
}
