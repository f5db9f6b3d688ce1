// Asks the browser for notifications and gives the node this device's subscription.
import { actor, get, post } from "./api";

function bytes(base64url: string): Uint8Array {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** False when the browser, or the person, does not want it. */
export async function allowPush(): Promise<boolean> {
  if (!("Notification" in window) || (await Notification.requestPermission()) !== "granted") return false;
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return true; // while the page is open, at least
  try {
    const worker = await navigator.serviceWorker.register("/sw.js");
    const { publicKey } = await get<{ publicKey: string }>("/v1/push/key");
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(publicKey) as BufferSource });
    await post(`/v1/people/${encodeURIComponent(actor())}/push`, subscription.toJSON());
  } catch {
    // The page itself still tells, as long as it is open.
  }
  return true;
}
