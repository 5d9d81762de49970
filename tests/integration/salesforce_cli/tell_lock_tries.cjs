// Loaded into sf before anything else: each lock that it tries to make is told in SF_TEST_LOCK_TRIES.
'use strict';
const fs = require('node:fs');
const mkdir = fs.mkdir;

fs.mkdir = function (path, ...rest) {
  const done = rest.pop();
  return mkdir.call(this, path, ...rest, (error, ...made) => {
    if (String(path).endsWith('.lock')) {
      fs.appendFileSync(process.env.SF_TEST_LOCK_TRIES, `${path} ${error ? error.code : 'made'}\n`);
    }
    done(error, ...made);
  });
};
