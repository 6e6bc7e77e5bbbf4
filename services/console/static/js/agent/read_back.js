// Read-back: numbers in groups as they are said, dates with their weekday, found in what was noted (requirement 62).

import { spokenDate } from "../clock.js";
import { language } from "../words.js";

const NUMBER = /(?<![\d.\-/])\+?\d[\d \-]{3,}\d(?![\d.\-/])/g;
const FULL_DATE = /(?<!\d)(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?/g;
const SHORT_DATE = /(?<![\d年\-/])(\d{1,2})月(\d{1,2})[日号]?/g;
const RELATIVE = language === "zh" ? [["今天", 0], ["明天", 1], ["后天", 2]] : [["today", 0], ["tomorrow", 1]];
const MOST = 6;

/** Digits in the groups people say: 138 0013 8000; otherwise fours from the front. */
export function grouped(number) {
  const plus = number.startsWith("+") ? "+" : "";
  let digits = number.replace(/\D/g, "");
  let lead = "";
  if (plus && digits.startsWith("86") && digits.length === 13) [lead, digits] = ["+86 ", digits.slice(2)];
  if (/^1\d{10}$/.test(digits)) return `${lead}${digits.slice(0, 3)} ${digits.slice(3, 7)} ${digits.slice(7)}`;
  return lead + plus + digits.replace(/(\d{4})(?=\d)/g, "$1 ");
}

function realDate(year, month, day) {
  const date = new Date(year, month - 1, day);
  return date.getMonth() === month - 1 && date.getDate() === day ? date : null;
}

/** [{text, spoken}] of the last few numbers and dates in `text`; `today` decides "tomorrow" and missing years. */
export function readBack(text, today) {
  const found = [];
  const add = (match, spoken) => { if (spoken) found.push({ at: match.index, text: match[0], spoken }); };
  let rest = text;
  for (const match of text.matchAll(FULL_DATE)) {
    const date = realDate(+match[1], +match[2], +match[3]);
    add(match, date && spokenDate(date));
    rest = rest.replace(match[0], " ".repeat(match[0].length));
  }
  for (const match of rest.matchAll(SHORT_DATE)) {
    const date = realDate(today.getFullYear(), +match[1], +match[2]);
    add(match, date && spokenDate(date));
  }
  for (const [word, days] of RELATIVE) {
    const at = rest.toLowerCase().indexOf(word);
    if (at < 0) continue;
    add({ index: at, 0: word }, spokenDate(new Date(today.getFullYear(), today.getMonth(), today.getDate() + days)));
  }
  for (const match of rest.matchAll(NUMBER)) {
    if (match[0].replace(/\D/g, "").length >= 5) add(match, grouped(match[0].trim()));
  }
  const unique = new Map(found.sort((a, b) => a.at - b.at).map((said) => [said.spoken, said]));
  return [...unique.values()].slice(-MOST);
}
