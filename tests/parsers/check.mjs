// Reads Markdown documents as GitHub does and tells, as JSON, what is wrong with each.
//
//     node check.mjs FOLDER-OF-PACKAGES DOCUMENT…
//
// A formula is checked as it is *after* Markdown: a paragraph that begins and ends with $$ must
// come through without a change (no backslash eaten, no emphasis, no link) and then satisfy KaTeX
// in its strictest mode. Diagrams go through Mermaid's own parser.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...documents] = process.argv.slice(2);
const require = createRequire(pathToFileURL(`${folder}/package.json`));
const load = async (name) => import(pathToFileURL(require.resolve(name)));

const { JSDOM } = require("jsdom");
const page = new JSDOM("<!doctype html>");
globalThis.window = page.window;
globalThis.document = page.window.document;

const MarkdownIt = require("markdown-it");
const katex = require("katex");
const { default: mermaid } = await load("mermaid");

// The HTML that GitHub would be handed, auto-links included.
const reader = new MarkdownIt({ html: true, linkify: true });

// GitHub's MathJax refuses these although KaTeX knows them.
const REFUSED = /\\(operatorname|mbox|phantom|hphantom|vphantom|def|newcommand|href|require)\b/;
// Its \text takes words only: a command inside would be shown as typed.
const INSIDE_TEXT = /\\text(bf|it|tt)?\{[^{}]*\\[a-zA-Z]+/;
// GitHub puts a dollar sign outside a formula into a span, so that it opens none.
const SPANNED = ["<span>", "$", "</span>"];

function cells(line) {
  return line.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).length;
}

function formula(inline, errors, report) {
  const line = `line ${inline.map[0] + 1}`;
  for (const child of inline.children) {
    if (child.type !== "text" && child.type !== "softbreak" && child.type !== "text_special") {
      errors.push(`${line}: Markdown reads ${child.type} inside a formula`);
      return;
    }
  }
  const seen = inline.children.map((c) => (c.type === "softbreak" ? "\n" : c.content)).join("");
  if (seen !== inline.content) {
    errors.push(`${line}: Markdown changes the formula ${inline.content} to ${seen}`);
    return;
  }
  const tex = seen.slice(2, -2);
  const refused = tex.match(REFUSED) ?? tex.match(INSIDE_TEXT);
  if (refused) errors.push(`${line}: GitHub refuses ${refused[0]}`);
  try {
    katex.renderToString(tex, { displayMode: true, throwOnError: true, strict: "error" });
    report.formulas += 1;
  } catch (error) {
    errors.push(`${line}: ${error.message} in ${tex.trim()}`);
  }
}

function dollars(inline, errors) {
  const children = inline.children;
  children.forEach((child, i) => {
    if (child.type !== "text" && child.type !== "text_special") return;
    if (!child.content.includes("$")) return;
    const around = [children[i - 1], child, children[i + 1]].map((c) => c?.content);
    if (around.some((text, k) => text !== SPANNED[k])) {
      errors.push(`line ${inline.map[0] + 1}: a dollar sign outside a formula: ${inline.content}`);
    }
  });
}

// Mermaid hides entities (#35; #quot;) from its grammar behind these signs until it draws.
function shown(label) {
  const html = label.replace(/ﬂ°°(\d+)¶ß/g, "&#$1;").replace(/ﬂ°(\w+)¶ß/g, "&$1;");
  document.body.innerHTML = html.replace(/<br\s*\/?>/g, "\n");
  return document.body.textContent;
}

async function diagram(token, errors, report) {
  try {
    await mermaid.parse(token.content);
    const drawn = await mermaid.mermaidAPI.getDiagramFromText(token.content);
    const labels = [...drawn.db.getVertices().values()].map((vertex) => shown(vertex.text));
    report.diagrams.push({ labels, edges: drawn.db.getEdges().length });
  } catch (error) {
    errors.push(`line ${token.map[0] + 1}: ${error.message}`);
  }
}

async function check(path) {
  const source = readFileSync(path, "utf8");
  const lines = source.split("\n");
  const errors = [];
  const report = { headings: [], formulas: 0, tables: 0, diagrams: [], programs: [], errors };
  let heading = false;
  for (const token of reader.parse(source, {})) {
    if (token.type === "heading_open") heading = true;
    else if (token.type === "html_block") {
      errors.push(`line ${token.map[0] + 1}: raw HTML: ${token.content.trim()}`);
    } else if (token.type === "code_block") {
      errors.push(`line ${token.map[0] + 1}: an indented code block: ${token.content.trim()}`);
    } else if (token.type === "fence") {
      if (token.info.trim() === "mermaid") await diagram(token, errors, report);
      else report.programs.push({ info: token.info.trim(), content: token.content });
      const last = lines[token.map[1] - 1].trim();
      if (last !== token.markup) errors.push(`line ${token.map[0] + 1}: the fence is not closed`);
    } else if (token.type === "table_open") {
      report.tables += 1;
      const [from, to] = token.map;
      const wide = cells(lines[from]);
      for (let i = from; i < to; i += 1) {
        if (cells(lines[i]) !== wide) {
          errors.push(`line ${i + 1}: ${cells(lines[i])} cells in a table of ${wide}: ${lines[i]}`);
        }
      }
    } else if (token.type === "inline") {
      if (heading) report.headings.push(token.content);
      heading = false;
      if (/^\$\$[^]*\$\$$/.test(token.content)) formula(token, errors, report);
      else dollars(token, errors);
    }
  }
  return report;
}

const reports = {};
for (const path of documents) reports[path] = await check(path);
process.stdout.write(JSON.stringify(reports, null, 1));
