// SPDX-License-Identifier: BSD-2-Clause
// The tables and figures as Markdown and CSV: see the header.
#include "tools/paper_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace hcd::tools {
namespace {

std::string number(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

// As RFC 4180 has it.
std::string quoted(const std::string &text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

// "|" would end a cell of Markdown.
std::string escaped(const std::string &text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return result;
}

std::string published_text(const PublishedScore &score, bool with_cost) {
  std::string text = " (" + number(score.psnr_y, 2);
  if (score.ssim > 0) text += " / " + number(score.ssim, 4);
  if (with_cost && score.seconds > 0) text += ", " + number(score.seconds, 2) + " s";
  return text + ")";
}

std::string cell_text(const Entry &entry, const Summary &summary, bool with_cost) {
  std::string text = summary.status.substr(0, summary.status.find(':'));  // the CSV says why
  if (text == "done") {
    text = number(summary.psnr_y, 2) + " / " + number(summary.ssim, 4);
    if (with_cost) {
      text += ", " + number(summary.seconds, 2) + " s, " + number(summary.peak_mib, 0) + " MiB";
    }
  }
  return escaped(text + (entry.published ? published_text(*entry.published, with_cost) : ""));
}

// The values of `member` in the order in which they come first.
std::vector<std::string> distinct(const Exhibit &exhibit, std::string Entry::*member) {
  std::vector<std::string> values;
  for (const Entry &entry : exhibit.entries) {
    if (std::find(values.begin(), values.end(), entry.*member) == values.end()) {
      values.push_back(entry.*member);
    }
  }
  return values;
}

std::string table(const Exhibit &exhibit, const PaperPlan &plan) {
  const std::vector<std::string> columns = distinct(exhibit, &Entry::column);
  std::string text = "| " + exhibit.first_column + " |", rule = "|---|";
  for (const std::string &column : columns) {
    text.append(" ").append(escaped(column)).append(" |");
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  for (const std::string &row : distinct(exhibit, &Entry::row)) {
    text += "| " + escaped(row) + " |";
    for (const std::string &column : columns) {
      const auto entry = std::find_if(
          exhibit.entries.begin(), exhibit.entries.end(),
          [&](const Entry &entry) { return entry.row == row && entry.column == column; });
      text += " ";
      if (entry != exhibit.entries.end()) {
        text += cell_text(*entry, plan.summary(entry->experiment), exhibit.with_cost);
      }
      text += " |";
    }
    text += "\n";
  }
  return text;
}

}  // namespace

std::string to_csv(const Exhibit &exhibit, const PaperPlan &plan) {
  std::string text =
      "row,column,x,pictures,psnr_y,ssim,seconds,peak_mib,published_psnr_y,published_ssim,"
      "published_seconds,status,options,cell\n";
  for (const Entry &entry : exhibit.entries) {
    const Summary s = plan.summary(entry.experiment);
    const bool done = s.status == "done";
    const auto if_done = [&](double value, int digits) {
      return done ? number(value, digits) : "";
    };
    const PublishedScore p = entry.published.value_or(PublishedScore{});
    const auto if_given = [](double value, int digits) {
      return value > 0 ? number(value, digits) : "";
    };
    const std::string fields[] = {quoted(entry.row),
                                  quoted(entry.column),
                                  entry.x ? number(*entry.x, 4) : "",
                                  std::to_string(s.pictures),
                                  if_done(s.psnr_y, 4),
                                  if_done(s.ssim, 6),
                                  if_done(s.seconds, 3),
                                  if_done(s.peak_mib, 1),
                                  if_given(p.psnr_y, 2),
                                  if_given(p.ssim, 4),
                                  if_given(p.seconds, 2),
                                  quoted(s.status),
                                  quoted(s.options),
                                  done ? "cache/" + s.cell : ""};
    for (const std::string &field : fields) text += (&field == fields ? "" : ",") + field;
    text += "\n";
  }
  return text;
}

std::string to_markdown(const std::vector<Exhibit> &exhibits, const PaperPlan &plan,
                        const std::vector<std::string> &heading) {
  std::string text = "# The paper's tables and figures\n\n";
  for (const std::string &line : heading) text += line + "\n";
  for (const Exhibit &exhibit : exhibits) {
    text += "\n## " + exhibit.title + "\n\n" + table(exhibit, plan) + "\n";
    for (const std::string &note : exhibit.notes) text += note + "\n";
    if (exhibit.is_figure) text += "\n![" + exhibit.title + "](" + exhibit.name + ".png)\n";
  }
  return text;
}

}  // namespace hcd::tools
