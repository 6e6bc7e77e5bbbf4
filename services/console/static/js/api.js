// The browser's API: JSON calls, problems as errors in words, and lists by keyset pages.

import { knows, t } from "./words.js";

/** A refused call: `code` is the stable last part of the problem's type, `message` is for people,
 * `errors` names fields. */
export class Problem extends Error {
  constructor(status, body) {
    const code = (body?.type ?? "").split(":").pop() || String(status);
    const fields = (body?.errors ?? []).map((e) => `${e.field}: ${e.message}`).join("; ");
    const known = knows(`problem.${code}`) ? t(`problem.${code}`) : body?.detail || body?.title || t("problem.unknown");
    super(fields ? `${known} (${fields})` : known);
    Object.assign(this, { status, code, detail: body?.detail, errors: body?.errors ?? [] });
  }
}

async function answer(response) {
  if (response.status === 204) return null;
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = isJson ? await response.json() : await response.text();
  if (response.ok) return body;
  if (response.status === 401 && document.documentElement.dataset.signedIn === "yes") {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  }
  throw new Problem(response.status, isJson ? body : null);
}

/** One call. `key`: Idempotency-Key, so that trying again is harmless. A network fault is the problem `offline`. */
export async function call(method, path, body, { key, form } = {}) {
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (key) headers["idempotency-key"] = key;
  let response;
  try {
    response = await fetch(path, { method, headers, body: form ?? (body === undefined ? undefined : JSON.stringify(body)) });
  } catch {
    throw new Problem(0, { type: "urn:ucc:problem:offline" });
  }
  return answer(response);
}

/** A picture drawn from what is posted, as a data URL, and how many pages there are of which it is one. */
export async function picture(path, body) {
  let response;
  try {
    response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    throw new Problem(0, { type: "urn:ucc:problem:offline" });
  }
  if (!response.ok) return answer(response);
  const blob = await response.blob();
  const source = await new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.readAsDataURL(blob);
  });
  return { source, pages: Number(response.headers.get("ucc-pages") ?? 1) };
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}, options = {}) => call("POST", path, body, options);
export const put = (path, body) => call("PUT", path, body);
export const patch = (path, body) => call("PATCH", path, body);

/** A fresh id for messages and idempotency keys. */
export const newId = () => (crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`);

/** `path?a=b` without the empty values. */
export function withQuery(path, values) {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  return query.size ? `${path}?${query}` : path;
}

const MANY = 500;

/** A list that loads by pages; `where` gives the query each time. Its states: loading, problem, empty, rows, too many. */
export class List {
  constructor(path, where = () => ({}), limit = 50) {
    Object.assign(this, { path, where, limit, items: [], next: null, total: null, answer: null, loading: false, loaded: false, problem: "", asked: 0 });
  }

  async load() {
    await this.fetch(null);
  }

  async more() {
    await this.fetch(this.next);
  }

  async fetch(cursor) {
    const asked = ++this.asked;
    Object.assign(this, { loading: true, problem: "" });
    try {
      const page = await get(withQuery(this.path, { ...this.where(), limit: this.limit, cursor }));
      if (asked !== this.asked) return; // a newer question is under way
      this.items = cursor ? [...this.items, ...page.items] : page.items;
      Object.assign(this, { next: page.next ?? null, total: page.total ?? null, answer: page, loaded: true });
    } catch (problem) {
      if (asked === this.asked) this.problem = problem.message;
    } finally {
      if (asked === this.asked) this.loading = false;
    }
  }

  isEmpty() {
    return this.loaded && !this.loading && !this.problem && this.items.length === 0;
  }

  countText() {
    return t(this.items.length >= MANY ? "list.too_many" : "list.shown", { n: this.items.length });
  }
}
