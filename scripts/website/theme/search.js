// Stands in front of the theme's search worker: what a reader types becomes the index's own words,
// all of them are wanted, and a page or entry that is called so comes first.
(() => {
  "use strict";
  const QUERY = 2, FOUND = 3;
  // either spelling begins alike, and what a word begins with finds it
  const SPELLINGS = [
    [/^(\w{4,}i)[sz](?:e[ds]?|ers?|ing|able|ations?)$/, "$1"],
    [/^(behavi|col|fav|flav|hon|lab|neighb)ou?r.*/, "$1o"],
    [/^(cent)(?:re|er)(s?)$/, "$1"],
    [/^(licen)[cs]e[ds]?$/, "$1"],
    [/^(label|model|total)l?(?:ed|ing)$/, "$1"],
  ];
  const [listen, post] = [self.addEventListener.bind(self), self.postMessage.bind(self)];
  const [PLAIN, GROUPED] = [/^\d{4,}$/, /^\d{1,3}(,\d{3})+$/];
  let ask, name = "", others = [];

  const spelt = (word) => SPELLINGS.reduce((text, [way, stem]) => text.replace(way, stem), word);

  const parts = (text) => text.replace(/<[^>]*>/g, "").toLowerCase()
    .replace(/(\d)\s*[×x]\s*(?=\d)/g, "$1x").replace(/[~^:*"]/g, " ")
    .split(self.lunr.tokenizer.separator).map((word) => word.replace(/^[+-]+/, ""))
    .filter((word) => /[\p{L}\p{N}]/u.test(word));

  const telling = (all) => {
    const found = all.filter((word) => self.lunr.stopWordFilter(word));
    return (found.length ? found : all).map(spelt);
  };

  // a number with separators of thousands without them, and the other way round
  const rewritten = (word) => GROUPED.test(word) ? word.replaceAll(",", "")
    : PLAIN.test(word) ? word.replace(/\B(?=(\d{3})+$)/g, ",") : word;

  const all = (words) => words.map((word) => `+${word}*`).join(" ");

  const plain = (text) => parts(text).map(spelt).join("");

  const calledSo = (found) => [found.title, ...(found.tags ?? [])].some((text) => plain(text) === name);

  const exactFirst = (items) => {
    const first = (list, is) => [...list.filter(is), ...list.filter((one) => !is(one))];
    const sorted = items.map((group) => first(group, calledSo));
    return first(sorted, (group) => calledSo(group[0]));
  };

  self.addEventListener = (kind, answer) => {
    ask = (data) => answer({ data });
    listen(kind, ({ data }) => {
      if (data.type !== QUERY) { ask(data); return; }
      const words = telling(parts(data.data));
      name = plain(data.data);
      others = words.some((word) => word !== rewritten(word)) ? [all(words.map(rewritten))] : [];
      // where nothing has all the words: what has some of them, and the theme names the missing
      if (words.length > 1) others.push(words.join(" "));
      ask({ ...data, data: all(words) });
    });
  };

  self.postMessage = (message) => {
    if (message.type === FOUND && !message.data.items.length && others.length) {
      ask({ type: QUERY, data: others.shift() });
      return;
    }
    if (message.type === FOUND) message.data.items = exactFirst(message.data.items);
    post(message);
  };
})();
