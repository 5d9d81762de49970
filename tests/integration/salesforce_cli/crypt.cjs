// Reads {"encrypt": […], "decrypt": […]} and answers with the same lists, done by the CLI's own code.
'use strict';
const { Crypto } = require(process.argv[2]);

let given = '';
process.stdin.on('data', (part) => (given += part));
process.stdin.on('end', async () => {
  const crypto = await Crypto.create();
  const { encrypt, decrypt } = JSON.parse(given);
  process.stdout.write(
    JSON.stringify({
      encrypt: encrypt.map((text) => crypto.encrypt(text)),
      decrypt: decrypt.map((text) => crypto.decrypt(text)),
    })
  );
});
