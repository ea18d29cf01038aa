// Signs in to a running service with EMAIL and PASSWORD of the environment.
import assert from "node:assert/strict";

/** Returns the token of a new session. */
export async function signIn(address) {
  const { EMAIL: email, PASSWORD: password } = process.env;
  assert(email && password, "set EMAIL and PASSWORD to those of an account with the role editor");
  const response = await send(address, "POST", "/tokens", undefined, { email, password });
  assert.equal(response.status, 201, `signing in returned ${response.status}; are EMAIL and PASSWORD right?`);
  return (await response.json()).token;
}

/** Sends a request with a token, if there is one, and a JSON body, if there is one. */
export function send(address, method, path, token, body) {
  return fetch(address + path, {
    method,
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
}
