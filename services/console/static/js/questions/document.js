// A standard question as its form edits it, as the ivr keeps it, and what changed from one version to the next.

export const TONGUES = ["zh", "en"];
const FAX = ["title", "body"];

export const blank = () => ({
  id: "", business_line: "", group: "", reason: "", enabled: true, version: null, link: "",
  titles: { zh: "", en: "" }, examples: { zh: "", en: "" }, voice: { zh: "", en: "" }, web: { zh: "", en: "" },
  fax: { zh: { title: "", body: "" }, en: { title: "", body: "" } },
});

const perTongue = (value) => Object.fromEntries(TONGUES.map((tongue) => [tongue, value(tongue)]));

/** The form of a kept question. */
export function asForm(kept) {
  const { answers } = kept;
  return {
    ...blank(),
    ...Object.fromEntries(["id", "business_line", "group", "enabled", "version"].map((field) => [field, kept[field]])),
    reason: kept.reason ?? "", link: answers.web.link ?? "",
    titles: perTongue((tongue) => kept.titles[tongue] ?? ""),
    examples: perTongue((tongue) => kept.examples.filter((one) => one.language === tongue).map((one) => one.text).join("\n")),
    voice: perTongue((tongue) => answers.voice[tongue] ?? ""),
    web: perTongue((tongue) => answers.web[tongue] ?? ""),
    fax: perTongue((tongue) => ({ title: answers.fax[tongue]?.title ?? "", body: answers.fax[tongue]?.body ?? "" })),
  };
}

const linesOf = (text) => [...new Set(text.split("\n").map((line) => line.trim()).filter(Boolean))];
const filled = (texts) => Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim()));

/** What is sent: empty fields left out. */
export function asKept(form) {
  const fax = Object.entries(form.fax).filter(([, page]) => FAX.some((part) => page[part].trim()));
  return {
    business_line: form.business_line, group: form.group, reason: form.reason || null, enabled: form.enabled, version: form.version,
    titles: filled(form.titles),
    examples: TONGUES.flatMap((language) => linesOf(form.examples[language]).map((text) => ({ text, language }))),
    answers: {
      voice: filled(form.voice), web: { ...filled(form.web), ...(form.link.trim() ? { link: form.link.trim() } : {}) }, fax: Object.fromEntries(fax),
    },
  };
}

function flat(form) {
  const pairs = ["business_line", "group", "reason", "enabled", "link"].map((field) => [field, String(form[field])]);
  for (const tongue of TONGUES) {
    for (const field of ["titles", "voice", "web"]) pairs.push([`${field}.${tongue}`, form[field][tongue]]);
    for (const part of FAX) pairs.push([`fax_${part}.${tongue}`, form.fax[tongue][part]]);
  }
  return Object.fromEntries(pairs);
}

/** [{field, was, became}] between two kept versions; `older` may be missing. Examples line by line. */
export function changes(newer, older) {
  const [to, from] = [asForm(newer), older ? asForm(older) : blank()];
  const [became, was] = [flat(to), flat(from)];
  const found = Object.keys(became).filter((field) => became[field] !== was[field]).map((field) => ({ field, was: was[field], became: became[field] }));
  for (const tongue of TONGUES) {
    const [now, then] = [linesOf(to.examples[tongue]), linesOf(from.examples[tongue])];
    for (const line of then.filter((one) => !now.includes(one))) found.push({ field: `examples.${tongue}`, was: line, became: "" });
    for (const line of now.filter((one) => !then.includes(one))) found.push({ field: `examples.${tongue}`, was: "", became: line });
  }
  return found;
}
