// What follows each outcome of a dial, as a manager chooses it: again after minutes, in another part of the day, or not at this number.

const MINUTE = 60;
export const RECYCLED = ["no_answer", "machine", "busy", "abandoned", "sit_reorder", "failed"];

/** The form's row of a rule as the interface has it. */
const rowOf = ({ rest_seconds: rest, tries, other_part: part }) => ({
  then: tries === 0 ? "stop" : part ? "part" : "minutes", minutes: Math.round(rest / MINUTE), tries,
});
const same = (one, other) => one.then === other.then && (one.then === "stop" || (Number(one.minutes) === other.minutes && Number(one.tries) === other.tries));

/** Rows for the outcomes a form shows: what is chosen, else what holds without a choice. */
export const recyclingRows = (chosen, defaults) =>
  Object.fromEntries(RECYCLED.map((outcome) => [outcome, rowOf({ ...defaults[outcome], ...(chosen[outcome] ?? {}) })]));

/** What differs from the defaults, and what `kept` says of other outcomes. */
export function recyclingOf(rows, defaults, kept) {
  const own = RECYCLED.filter((outcome) => !same(rows[outcome], rowOf(defaults[outcome]))).map((outcome) => {
    const { then, minutes, tries } = rows[outcome];
    const growth = kept[outcome]?.growth ?? defaults[outcome].growth;
    if (then === "stop") return [outcome, { rest_seconds: 0, tries: 0 }];
    return [outcome, { rest_seconds: Number(minutes) * MINUTE, tries: Number(tries), growth, other_part: then === "part" ? 1 : 0 }];
  });
  const others = Object.entries(kept).filter(([outcome]) => !RECYCLED.includes(outcome));
  return Object.fromEntries([...others, ...own]);
}
