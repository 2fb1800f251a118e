// The address of the callback page that the Jupyter server serves, or null where it does not.
const callbackPage = (async () => {
  try {
    const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
    const address = new URL(`${config.baseUrl ?? document.body.dataset.baseUrl ?? "/"}dpyauth/callback`, window.location.origin);
    const answer = await fetch(address, { cache: "no-store", redirect: "error" });
    return answer.ok && (await answer.text()).includes("dpyauth") ? address.href : null;
  } catch {
    return null;
  }
})();

