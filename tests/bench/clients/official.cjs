// @deriv/deriv-api on Node, for one line of the comparison: official.cjs URL LINE COUNT
const WebSocket = require("ws");
const DerivAPI = require("@deriv/deriv-api/dist/DerivAPI");

async function main(url, line, count) {
  const socket = new WebSocket(`${url}?app_id=1&l=EN&brand=deriv`);
  const api = new DerivAPI({ connection: socket });
  await api.basic.authorize({ authorize: "benchmark" });
  const runs = {
    awaited: async (n) => {
      for (let i = 0; i < n; i += 1) await api.basic.ping({ ping: 1 });
    },
    "in flight": async (n) => {
      for (let i = 0; i < n / 1000; i += 1) {
        await Promise.all(Array.from({ length: 1000 }, () => api.basic.ping({ ping: 1 })));
      }
    },
  };
  await runs[line](1000);
  const start = process.hrtime.bigint();
  const before = process.cpuUsage();
  await runs[line](count);
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const used = process.cpuUsage(before);
  console.log(JSON.stringify({ rate: count / wall, cpu: (used.user + used.system) / count }));
  process.exit(0);
}

main(process.argv[2], process.argv[3], Number(process.argv[4]));
