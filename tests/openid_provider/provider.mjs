// A real OpenID provider for the tests, on loopback only. One argument: the client and the people as JSON.
//
//   {"client": {"client_id": …, "client_secret": …, "redirect_uris": […], "post_logout_redirect_uris": […]},
//    "accounts": {"subject": {"email": …, "email_verified": true, …}}}
//
// Whoever writes an account's name into the form is signed in as it. POST /control changes what it does:
//   {"accounts": {…}}   other claims (those named are replaced)
//   {"rotate": true}    another signing key; the old one is gone at once
//   {"mode": "up" | "error" | "gone"}   answers, answers 500, or closes every connection

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const { client, accounts } = JSON.parse(process.argv[2]);
const cookieKey = randomUUID();
let mode = 'up';
let serve;
let provider;

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomUUID() };
}

function make(issuer) {
  provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys: [signingKey()] },
    cookies: { keys: [cookieKey] },
    // The token alone says little, as the standard has it; the rest is asked for with the access token.
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'custom:organization_id', 'cognito:groups'] },
    scopes: ['openid', 'email', 'profile'],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true, logoutSource: askWhether } },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    // What an account may have was agreed on when the client was registered.
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: client.client_id, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
    findAccount: (ctx, accountId) => accounts[accountId] && { accountId, claims: () => ({ sub: accountId, ...accounts[accountId] }) },
    renderError: (ctx, out) => { ctx.type = 'text'; ctx.body = `${out.error}: ${out.error_description ?? ''}`; },
  });
  provider.on('grant.error', (ctx, error) => console.error(error));
  serve = provider.callback();
}

// The library's own pages would fetch a font from elsewhere.
function askWhether(ctx, form) {
  ctx.body = `<!doctype html><html lang="en"><title>Provider</title><h1>Provider (sign out)</h1>${form}
    <button form="op.logoutForm" name="logout" value="yes">Sign out</button>`;
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function control(request, response, issuer) {
  const told = JSON.parse(await body(request));
  if (told.accounts) Object.assign(accounts, told.accounts);
  if (told.mode) mode = told.mode;
  if (told.rotate) make(issuer);
  response.end('{}');
}

async function interaction(request, response) {
  if (request.method === 'GET') {
    const { prompt } = await provider.interactionDetails(request, response);
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>Provider</title><h1>Provider (${prompt.name})</h1>
      <form method="post"><label>Account <input name="login"></label> <button name="do" value="in">Continue</button>
      <button name="do" value="cancel">Cancel</button></form>`);
    return;
  }
  const form = new URLSearchParams(await body(request));
  const result = form.get('do') === 'cancel'
    ? { error: 'access_denied', error_description: 'The person cancelled.' }
    : { login: { accountId: form.get('login') } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

const server = createServer(async (request, response) => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  try {
    if (request.url === '/control') return await control(request, response, issuer);
    if (mode === 'gone') return request.socket.destroy();
    if (mode === 'error') return response.writeHead(500).end('broken on purpose');
    if (request.url.startsWith('/interaction/')) return await interaction(request, response);
    return serve(request, response);
  } catch (error) {
    console.error(error);
    return response.writeHead(500).end();
  }
});
server.listen(0, '127.0.0.1', () => {
  make(`http://127.0.0.1:${server.address().port}`);
  console.log(`ready ${server.address().port}`);
});
// Nobody is left behind when the tests are killed: the pipe from them closes.
process.stdin.on('end', () => process.exit(0)).resume();
