// @salesforce/core, the library under the Salesforce CLI, in one process: create and save, 16 at
// once. Aliases are left out: written in parallel, some fail on the alias file's lock.
const { readFileSync } = require("node:fs");
const [, , core, url, clientId, privateKeyFile, usernames] = process.argv;
const { AuthInfo } = require(core);

const left = readFileSync(usernames, "utf8").split("\n").filter(Boolean);

async function worker() {
  for (let username; (username = left.shift()); ) {
    const oauth2Options = { clientId, privateKeyFile, loginUrl: url };
    const info = await AuthInfo.create({ username, oauth2Options });
    await info.save();
  }
}

Promise.all(Array.from({ length: 16 }, worker)).catch((error) => {
  console.error(error);
  process.exit(1);
});
