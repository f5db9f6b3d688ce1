// The service worker: shows alarms that the node pushes while no page is open, and opens the page that they are about.
// It keeps no copies: an alarm page that shows old news is worse than none.
declare const self: ServiceWorkerGlobalScope;

interface Pushed {
  title?: string;
  body?: string;
  url?: string;
  tag?: string;
  urgent?: boolean;
}

self.addEventListener("install", () => void self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let pushed: Pushed = {};
  try {
    pushed = event.data?.json() ?? {};
  } catch {
    pushed = { body: event.data?.text() };
  }
  const options: NotificationOptions = {
    body: pushed.body ?? "",
    icon: "/icon.svg",
    data: { url: pushed.url ?? "/q" },
    requireInteraction: pushed.urgent ?? true,
  };
  if (pushed.tag) options.tag = pushed.tag;
  event.waitUntil(self.registration.showNotification(pushed.title ?? "Tocsin", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const path = new URL(event.notification.data?.url ?? "/q", self.location.origin);
  // A message leads nowhere but to this node.
  const url = path.origin === self.location.origin ? path.href : `${self.location.origin}/q`;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((pages) => {
      const page = pages[0];
      return page ? page.navigate(url).then((p) => p?.focus()) : self.clients.openWindow(url);
    }),
  );
});

export {};
