// An agent's shift as the console tells it: a snapshot, then frames, each applied once. No drawing, no network.

const EMPTY = { agent: null, offers: [], contacts: [], wrap_ups: [], transfers: [], consultations: [], queued: { waiting: 0, longest_wait_since: null } };

export const emptyShift = () => structuredClone(EMPTY);

const without = (list, key, value) => list.filter((entry) => entry[key] !== value);

/** `list` with `entry` in the place of the one with the same `key`, else at its end: order never changes by itself. */
function upsert(list, key, entry) {
  const at = list.findIndex((other) => other[key] === entry[key]);
  return at < 0 ? [...list, entry] : list.with(at, entry);
}

const APPLY = {
  snapshot: (shift, frame) => Object.assign(shift, emptyShift(), frame.agent),
  agent_state: (shift, frame) => { shift.agent = frame.presence === "signed_out" ? null : frame; },
  offer: (shift, frame) => { shift.offers = upsert(shift.offers, "offer_id", frame); },
  offer_withdrawn: (shift, frame) => { shift.offers = without(shift.offers, "offer_id", frame.offer_id); },
  assigned: (shift, frame) => {
    shift.offers = without(shift.offers, "contact_id", frame.contact_id);
    shift.contacts = upsert(shift.contacts, "contact_id", frame);
  },
  interaction_started: (shift, frame) => { shift.contacts = upsert(shift.contacts, "contact_id", frame); },
  interaction_changed: (shift, frame) => {
    const known = shift.contacts.find((contact) => contact.interaction_id === frame.interaction_id);
    shift.contacts = upsert(shift.contacts, "contact_id", { ...frame, colleagues: known?.colleagues ?? [] });
  },
  company_changed: (shift, frame) => {
    shift.contacts = shift.contacts.map((contact) => (contact.contact_id === frame.contact_id ? { ...contact, colleagues: frame.colleagues } : contact));
  },
  /** Stays as ended until its wrap-up begins or the page files it away, so that nothing flickers in between. */
  interaction_ended: (shift, frame) => {
    shift.contacts = shift.contacts.map((contact) => (contact.interaction_id === frame.interaction_id ? { ...contact, state: "ended" } : contact));
  },
  wrap_up_started: (shift, frame) => {
    shift.contacts = without(shift.contacts, "interaction_id", frame.interaction_id);
    shift.wrap_ups = upsert(shift.wrap_ups, "interaction_id", frame);
  },
  wrap_up_prolonged: (shift, frame) => { shift.wrap_ups = upsert(shift.wrap_ups, "interaction_id", frame); },
  wrap_up_noted: (shift, frame) => { shift.wrap_ups = upsert(shift.wrap_ups, "interaction_id", frame); },
  wrap_up_finished: (shift, frame) => { shift.wrap_ups = without(shift.wrap_ups, "interaction_id", frame.interaction_id); },
  transfer_requested: (shift, frame) => { shift.transfers = upsert(shift.transfers, "transfer_id", frame); },
  transfer_settled: (shift, frame) => { shift.transfers = without(shift.transfers, "transfer_id", frame.transfer_id); },
  consultation_requested: (shift, frame) => { shift.consultations = upsert(shift.consultations, "transfer_id", frame); },
  consultation_started: (shift, frame) => { shift.consultations = upsert(shift.consultations, "transfer_id", frame); },
  consultation_ended: (shift, frame) => { shift.consultations = without(shift.consultations, "transfer_id", frame.transfer_id); },
  contact_closed: (shift, frame) => {
    shift.offers = without(shift.offers, "contact_id", frame.contact_id);
    shift.transfers = without(shift.transfers, "contact_id", frame.contact_id);
    shift.consultations = without(shift.consultations, "contact_id", frame.contact_id);
  },
  queued: (shift, frame) => { shift.queued = frame; },
};

/** Apply one frame. Frames of types unknown here are for other parts of the page. */
export function applyFrame(shift, frame) {
  APPLY[frame.type]?.(shift, frame);
}

/** The talk is over and there is no wrap-up. */
export function fileAway(shift, interactionId) {
  shift.contacts = shift.contacts.filter((contact) => contact.interaction_id !== interactionId || contact.state !== "ended");
}

/** What the agent has in hand, one row a contact; rows keep the order in which they came. */
export function inHand(shift) {
  const contacts = shift.contacts.map((contact) => ({ ...contact }));
  const wrapUps = shift.wrap_ups
    .filter((wrapUp) => !shift.contacts.some((contact) => contact.contact_id === wrapUp.contact_id))
    .map((wrapUp) => ({ ...wrapUp, state: "wrapping" }));
  return [...contacts, ...wrapUps];
}
