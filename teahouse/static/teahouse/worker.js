/**
 * The service worker, behind a line that says `const SITE = {version, home, shell, files}`. With a connection all
 * comes from the server; without one the page that knows nobody, and what it is made of, come from here.
 * Messages are no business of its: the page keeps those itself (keeping.js).
 */

// @ts-nocheck  A worker's globals are other ones than a page's.

const PREFIX = `teahouse:${SITE.home}:`;
const CACHE = PREFIX + SITE.version;
const FILES = new Set(SITE.files);
const AWAY = new Set([502, 503, 504]); // A proxy whose server is not there, or a server that starts.

self.addEventListener("install", (event) => event.waitUntil(fill()));
self.addEventListener("activate", (event) => event.waitUntil(clean()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (FILES.has(url.pathname)) event.respondWith(file(event.request));
  else if (event.request.mode === "navigate" && isRoom(url.pathname)) event.respondWith(page(event.request));
});

async function fill() {
  const cache = await caches.open(CACHE);
  await cache.addAll([SITE.shell, ...SITE.files]);
  await self.skipWaiting();
}

async function clean() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

function isRoom(path) {
  return path === SITE.home || path.startsWith(`${SITE.home}rooms/`);
}

async function page(request) {
  const shell = async () => (await caches.match(SITE.shell)) ?? Response.error();
  try {
    const answer = await fetch(request);
    return AWAY.has(answer.status) ? await shell() : answer;
  } catch {
    return shell(); // There is no connection: what fetch throws says no more.
  }
}

async function file(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request);
    if (kept) return kept;
    throw error;
  }
}
