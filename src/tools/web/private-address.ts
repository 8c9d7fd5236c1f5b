/** Which addresses are not on the open internet: this machine, its network, and what leads there by other notations. Pure. */
import { BlockList, isIP } from 'node:net';

const V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // behind a carrier
  '127.0.0.0/8',
  '169.254.0.0/16', // link-local, where clouds keep their credentials
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // for documents
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15', // for measurements
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // to many
  '240.0.0.0/4',
];
const V6 = [
  '::/96', // unspecified, loopback, and IPv4 in its old form
  '::ffff:0:0/96', // IPv4
  '::ffff:0:0:0/96', // translated to IPv4, in its old form
  '64:ff9b::/96', // translated to IPv4
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23', // tunnels, which hold an IPv4 address
  '2001:db8::/32', // for documents
  '2002::/16', // tunnels
  '3fff::/20',
  '5f00::/16',
  'fc00::/7', // private
  'fe80::/10', // link-local
  'fec0::/10',
  'ff00::/8', // to many
];

const listOf = (networks: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
};

const PRIVATE_V4 = listOf(V4, 'ipv4');
const PRIVATE_V6 = listOf(V6, 'ipv6');

/** Also of what is no address. An IPv4 address in an IPv6 one is refused as such: no public host needs it. */
export const isPrivate = (address: string): boolean => {
  const family = isIP(address);
  if (family === 4) return PRIVATE_V4.check(address, 'ipv4');
  return family !== 6 || PRIVATE_V6.check(address.replace(/%.*$/, ''), 'ipv6');
};
