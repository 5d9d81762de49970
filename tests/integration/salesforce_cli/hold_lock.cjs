// Holds a lock as sf does, with sf's own library, until standard input ends.
'use strict';
const { lock } = require(process.argv[2]); // proper-lockfile of the CLI

const compromised = (error) => {
  console.error(error.message);
  process.exit(3);
};

lock(process.argv[3], { stale: 10_000, update: 1_000, realpath: false, onCompromised: compromised })
  .then((release) => {
    console.log('held');
    process.stdin.resume();
    process.stdin.on('end', () => release().then(() => process.exit(0)));
  })
  .catch((error) => {
    console.error(error.message);
    process.exit(2);
  });
