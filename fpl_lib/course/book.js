// Shows the sections that hold every word asked for, those with the words in their title first.
const sections = JSON.parse(document.getElementById("sections").textContent)
  .flatMap(part => part.sections.map(section => ({ ...section, page: part.title })));
const input = document.querySelector("input[name=q]");
const found = document.getElementById("found");
const AROUND = 80, MOST = 30;

function places(text, word) {
  return text.toLowerCase().split(word).length - 1;
}

function score({ title, text }, words) {
  const each = words.map(word => 20 * places(title, word) + Math.min(places(text, word), 5));
  return Math.min(...each) && each.reduce((sum, one) => sum + one);
}

function excerpt(text, word) {
  const at = Math.max(text.toLowerCase().indexOf(word), 0), start = Math.max(at - AROUND, 0);
  const marked = document.createElement("mark"), line = document.createElement("p");
  marked.textContent = text.slice(at, at + word.length);
  line.append(start ? "… " : "", text.slice(start, at), marked,
    text.slice(at + word.length, at + word.length + AROUND), " …");
  return line;
}

function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = !words.length ? [] : sections
    .map(section => ({ section, score: score(section, words) }))
    .filter(hit => hit.score)
    .sort((a, b) => b.score - a.score);
  const head = document.createElement("p");
  head.textContent = hits.length === 1 ? "1 section:" : `${hits.length} sections:`;
  found.replaceChildren(...(words.length ? [head] : []));
  for (const { section } of hits.slice(0, MOST)) {
    const link = document.createElement("a"), line = document.createElement("div");
    link.href = section.to;
    link.textContent = section.title;
    line.append(link, ` (${section.page})`, excerpt(section.text, words[0]));
    found.append(line);
  }
}

input.value = new URLSearchParams(location.search).get("q") ?? "";
input.addEventListener("input", show);
show();
