#include "report/evaluation_page.h"

#include <fmt/format.h>

#include "report/svg.h"

namespace tessera {
namespace {

constexpr std::string_view kPageHead =
    R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{0}</title>
<style>
body {{ font-family: "DejaVu Sans", Helvetica, Arial, sans-serif; color: #1a202c; max-width: 60em; margin: 2em auto; padding: 0 1em }}
h1 {{ font-size: 1.3em }} h2 {{ font-size: 1.1em }} h3 {{ font-size: 1em; margin-bottom: 0.2em }}
p {{ margin: 0.2em 0; color: #4a5568 }} td {{ padding: 0 1em 0 0 }} audio {{ height: 2em }}
</style></head><body>
<h1>{0}</h1>
)";

void add_lines(std::string& html, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) html += fmt::format("<p>{}</p>\n", xml_escaped(line));
}

}  // namespace

std::string print_page(const EvaluationPage& page) {
  std::string html = fmt::format(kPageHead, xml_escaped(page.title));
  add_lines(html, page.lines);
  html += page.drawing;
  if (!page.examples.empty())
    html += fmt::format("<h2>{}</h2>\n", xml_escaped(page.examples_title));
  for (const PageExample& example : page.examples) {
    html += fmt::format("<h3>{}</h3>\n", xml_escaped(example.title));
    add_lines(html, example.lines);
    html += "<table>\n";
    for (const PagePlayer& player : example.players) {
      html += fmt::format(
          "<tr><td>{}</td><td><audio controls preload=\"none\" src=\"{}\"></audio></td></tr>\n",
          xml_escaped(player.label), xml_escaped(player.file));
    }
    html += "</table>\n";
  }
  return html + "</body></html>\n";
}

}  // namespace tessera
