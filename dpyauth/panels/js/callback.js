/** Address of the callback page that the Jupyter server serves; null where it serves none. */
export const callbackPage = (async () => {
  try {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
    const base = config.baseUrl ?? document.body.dataset.baseUrl ?? "/";
    const address = new URL(`${base}dpyauth/callback`, window.location.origin);
    const answer = await fetch(address, { cache: "no-store", redirect: "error" });
    return answer.ok && (await answer.text()).includes("dpyauth") ? address.href : null;
  } catch {
    return null;
  }
})();
