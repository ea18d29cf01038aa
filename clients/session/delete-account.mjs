// Deletes the account of EMAIL and PASSWORD from a running service: delete-account.mjs ADDRESS
import assert from "node:assert/strict";
import { send, signIn } from "./sign-in.mjs";

const address = process.argv[2];
const response = await send(address, "DELETE", "/me", await signIn(address));
assert.equal(response.status, 204);
