// Loaded into every process of sf before anything else: it reaches this machine only.
// A proxy that leads nowhere does not do, for sf uses one for 127.0.0.1 too, whatever NO_PROXY says.
// Other hosts look as they do offline, and their names go to the file SF_TEST_REACHED_FOR.
'use strict';
const fs = require('node:fs');
const net = require('node:net');

const HERE = new Set([undefined, null, '', 'localhost', '127.0.0.1', '::1']);
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0]; // normalized within node itself
  const { host, path } =
    typeof first === 'object' && first !== null
      ? first
      : typeof first === 'string'
        ? { path: first }
        : { host: typeof args[1] === 'string' ? args[1] : undefined };
  if (path || HERE.has(host)) {
    return connect.apply(this, args);
  }
  fs.appendFileSync(process.env.SF_TEST_REACHED_FOR, `${host}\n`);
  const error = new Error(`getaddrinfo ENOTFOUND ${host}`);
  Object.assign(error, { code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: host });
  process.nextTick(() => this.destroy(error));
  return this;
};
