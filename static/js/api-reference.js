// Draws the API's operations from its schema, in the page's own light or dark, with the token that changes need.

const place = document.getElementById("operations");

function followScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const chosen = getComputedStyle(document.documentElement).colorScheme;
  document.documentElement.classList.toggle("dark-mode", chosen === "dark" || (chosen !== "light" && dark));
}

if (place && window.SwaggerUIBundle) {
  const { schema, token } = place.dataset;
  followScheme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.documentElement.classList.remove("dark-mode");
    followScheme();
  });
  window.SwaggerUIBundle({
    url: schema,
    domNode: place,
    presets: [window.SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    // A page's script cannot send another session: the token is what can be given here.
    plugins: [{ statePlugins: { auth: { wrapSelectors: { definitionsToAuthorize: (given) => (...from) => given(...from).filter((one) => !one.has("session")) } } } }],
    // No address outside this site is ever asked.
    validatorUrl: null,
    requestInterceptor(request) {
      if (request.method && !["GET", "HEAD"].includes(request.method.toUpperCase())) {
        request.headers["X-CSRFToken"] = token;
      }
      return request;
    },
  });
}
