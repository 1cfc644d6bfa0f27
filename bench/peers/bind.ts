/** BIND 9. */
import type { Launch, Peer, ResolverSetup } from './peer.ts'

export const BIND: Peer = {
  key: 'bind',
  title: 'BIND',
  program: 'named',
  package: 'bind9',
  versionArgs: ['-V'],
  version: /BIND (\S+)/,
  configure,
}

// Cookies would have every first answer of an authority asked for twice where it gave none.
function configure(setup: ResolverSetup): Launch {
  const { folder } = setup
  const [tag, algorithm, digestType, digest] = setup.anchor.split(' ')
  const text = `options {
  directory "${folder}";
  pid-file none;
  session-keyfile none;
  managed-keys-directory "${folder}";
  listen-on port ${setup.port} { ${setup.address}; };
  listen-on-v6 { none; };
  recursion yes;
  allow-query { 127.0.0.0/8; };
  allow-recursion { 127.0.0.0/8; };
  dnssec-validation yes;
  empty-zones-enable no;
  minimal-responses yes;
  max-cache-size ${2 * setup.cacheMib}M;
  recursive-clients 10000;
  udp-receive-buffer 4194304;
  edns-udp-size 1232;
  max-udp-size 1232;
  send-cookie no;
  answer-cookie no;
  querylog no;
  notify no;
};
trust-anchors { "." static-ds ${tag} ${algorithm} ${digestType} "${digest}"; };
zone "." { type hint; file "${setup.hintsFile}"; };
controls { };
logging { category default { null; }; };
`
  return {
    files: { 'named.conf': text },
    args: ['-f', '-4', '-n', String(setup.threads), '-c', `${folder}/named.conf`],
  }
}
