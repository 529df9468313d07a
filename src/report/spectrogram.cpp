#include "report/spectrogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/short_time_spectrum.h"
#include "report/colour_scale.h"
#include "report/raster.h"

namespace tessera {
namespace {

// Pixels.
constexpr int kPictureWidth = 1680;
constexpr int kPictureMargin = 32;
constexpr int kFigureTitleHeight = 48;
constexpr int kPanelTitleHeight = 40;
constexpr int kPlotHeight = 256;
constexpr int kTimeAxisHeight = 44;
constexpr int kRowGap = 14;
constexpr int kFrequencyAxisWidth = 44;
constexpr int kPanelGap = 30;
constexpr int kColourBarWidth = 22;
constexpr int kColourBarSpace = 120;  // gap, bar and labels
constexpr int kTickLength = 6;

constexpr double kRangeDb = 80.0;
constexpr double kLevelStepDb = 10.0;

constexpr Colour kPaper{255, 255, 255};
constexpr Colour kTextInk{34, 34, 40};
constexpr Colour kSoftInk{104, 104, 114};
constexpr Colour kNothing{240, 240, 243};  // where a panel has no sound

struct Area {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

struct LevelRange {
  double bottom_db = 0.0;
  double top_db = 0.0;

  Colour colour_of(double level_db) const {
    return magma((level_db - bottom_db) / (top_db - bottom_db));
  }
};

// The largest of 1, 2, 5 times a power of ten that gives about `wanted` steps.
double tick_step(double span, int wanted) {
  const double rough = span / wanted;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10.0 * power;
}

double seconds_of(const SpectrogramPanel& panel) {
  return static_cast<double>(panel.samples.size()) / panel.sample_rate;
}

int plot_width(size_t panels) {
  const int count = static_cast<int>(panels);
  const int room = kPictureWidth - 2 * kPictureMargin - kColourBarSpace - (count - 1) * kPanelGap;
  return room / count - kFrequencyAxisWidth;
}

Result<void> check_figure(const SpectrogramFigure& figure) {
  size_t count = 0;
  for (const auto& row : figure.rows) {
    count += row.size();
    for (const SpectrogramPanel& panel : row) {
      if (panel.samples.empty() || panel.sample_rate < 1) {
        return TESSERA_ERROR(kInvalidArgument, panel.title,
                             fmt::format("{} samples at {} Hz cannot be drawn",
                                         panel.samples.size(), panel.sample_rate),
                             "");
      }
      for (const float sample : panel.samples) {
        if (!std::isfinite(sample)) {
          return TESSERA_ERROR(kInvalidArgument, panel.title,
                               "holds NaN or infinite samples, which cannot be drawn", "");
        }
      }
    }
    if (row.empty() || row.size() > 4) {
      return TESSERA_ERROR(kInvalidArgument, "spectrogram",
                           fmt::format("a row of {} panels cannot be drawn", row.size()),
                           "give each row 1 to 4 panels");
    }
  }
  if (count == 0 || count > kMaxSpectrogramPanels) {
    return TESSERA_ERROR(
        kInvalidArgument, "spectrogram",
        fmt::format("{} panels cannot be drawn, 1 to {} can", count, kMaxSpectrogramPanels), "");
  }
  return {};
}

// Draws one figure onto one raster.
class FigurePainter {
 public:
  explicit FigurePainter(const SpectrogramFigure& figure)
      : figure_(figure), raster_(kPictureWidth, picture_height(figure), kPaper) {}

  Raster paint() {
    compute_levels();
    int y = kPictureMargin;
    if (!figure_.title.empty()) {
      raster_.text(kPictureMargin, y, fit_text(figure_.title, kPictureWidth - 2 * kPictureMargin),
                   kTextInk);
      y += kFigureTitleHeight;
    }
    const int first_plot_y = y + kPanelTitleHeight;
    int last_plot_end = first_plot_y;
    for (size_t r = 0; r < figure_.rows.size(); ++r) {
      const int width = plot_width(figure_.rows[r].size());
      for (size_t p = 0; p < figure_.rows[r].size(); ++p) {
        const int x = kPictureMargin + kFrequencyAxisWidth +
                      static_cast<int>(p) * (kFrequencyAxisWidth + width + kPanelGap);
        const Area plot{x, y + kPanelTitleHeight, width, kPlotHeight};
        paint_panel(figure_.rows[r][p], levels_[r][p], plot);
        last_plot_end = plot.y + plot.height;
      }
      y += kPanelTitleHeight + kPlotHeight + kTimeAxisHeight + kRowGap;
    }
    paint_colour_bar({kPictureWidth - kPictureMargin - kColourBarSpace + kPanelGap, first_plot_y,
                      kColourBarWidth, last_plot_end - first_plot_y});
    return std::move(raster_);
  }

 private:
  static int picture_height(const SpectrogramFigure& figure) {
    const int rows = static_cast<int>(figure.rows.size());
    return 2 * kPictureMargin + (figure.title.empty() ? 0 : kFigureTitleHeight) +
           rows * (kPanelTitleHeight + kPlotHeight + kTimeAxisHeight) + (rows - 1) * kRowGap;
  }

  void compute_levels() {
    for (const auto& row : figure_.rows) {
      for (const SpectrogramPanel& panel : row) {
        longest_seconds_ = std::max(longest_seconds_, seconds_of(panel));
      }
    }
    double loudest_db = -kRangeDb;
    for (const auto& row : figure_.rows) {
      levels_.emplace_back();
      for (const SpectrogramPanel& panel : row) {
        const int columns =
            std::max(2, static_cast<int>(std::lround(plot_width(row.size()) * seconds_of(panel) /
                                                     longest_seconds_)));
        levels_.back().push_back(
            short_time_spectrum(panel.samples, panel.sample_rate, columns, kPlotHeight));
        const std::vector<float>& all = levels_.back().back().levels_db;
        loudest_db =
            std::max(loudest_db, static_cast<double>(*std::max_element(all.begin(), all.end())));
      }
    }
    range_.top_db = std::ceil(loudest_db / kLevelStepDb) * kLevelStepDb;
    range_.bottom_db = range_.top_db - kRangeDb;
  }

  void paint_panel(const SpectrogramPanel& panel, const LevelMap& levels, Area plot) {
    raster_.text(plot.x, plot.y - kPanelTitleHeight + 2, fit_text(panel.title, plot.width),
                 kTextInk);
    raster_.fill(plot.x, plot.y, plot.width, plot.height, kNothing);
    for (int column = 0; column < std::min(levels.columns, plot.width); ++column) {
      for (int row = 0; row < plot.height; ++row) {
        raster_.set(plot.x + column, plot.y + plot.height - 1 - row,
                    range_.colour_of(static_cast<double>(levels.at(column, row))));
      }
    }
    paint_frequency_axis(panel.sample_rate / 2000.0, plot);
    paint_time_axis(plot);
  }

  void paint_frequency_axis(double top_khz, Area plot) {
    const double step = tick_step(top_khz, 4);
    for (int i = 0; i * step <= top_khz * (1.0 + 1e-9); ++i) {
      const int y = plot.y + plot.height - 1 -
                    static_cast<int>(std::lround(i * step / top_khz * (plot.height - 1)));
      raster_.fill(plot.x - kTickLength, y, kTickLength, 1, kSoftInk);
      // The unit stands beside the highest number.
      raster_.text(plot.x - kTickLength - 4, y - kTextHeight / 2, fmt::format("{:g}", i * step),
                   kSoftInk, TextAlign::kRight);
    }
    raster_.text(plot.x - kTickLength - 4, plot.y - kPanelTitleHeight + 2, "kHz", kSoftInk,
                 TextAlign::kRight);
  }

  void paint_time_axis(Area plot) {
    const double step = tick_step(longest_seconds_, plot.width / 110);
    const int label_y = plot.y + plot.height + kTickLength + 2;
    for (int i = 0; i * step <= longest_seconds_ * (1.0 + 1e-9); ++i) {
      const int x =
          plot.x + static_cast<int>(std::lround(i * step / longest_seconds_ * (plot.width - 1)));
      raster_.fill(x, plot.y + plot.height, 1, kTickLength, kSoftInk);
      const bool last = (i + 1) * step > longest_seconds_ * (1.0 + 1e-9);
      raster_.text(x, label_y, fmt::format("{:g}{}", i * step, last ? " s" : ""), kSoftInk,
                   TextAlign::kCentre);
    }
  }

  void paint_colour_bar(Area bar) {
    for (int row = 0; row < bar.height; ++row) {
      const double part = 1.0 - static_cast<double>(row) / (bar.height - 1);
      raster_.fill(bar.x, bar.y + row, bar.width, 1, magma(part));
    }
    raster_.text(bar.x, bar.y - kPanelTitleHeight + 2, "dBFS", kSoftInk);
    for (int i = 0; i * kLevelStepDb <= kRangeDb; ++i) {
      const int y =
          bar.y + static_cast<int>(std::lround(i * kLevelStepDb / kRangeDb * (bar.height - 1)));
      raster_.fill(bar.x + bar.width, y, kTickLength, 1, kSoftInk);
      raster_.text(bar.x + bar.width + kTickLength + 6, y - kTextHeight / 2,
                   fmt::format("{:.0f}", range_.top_db - i * kLevelStepDb), kSoftInk);
    }
  }

  const SpectrogramFigure& figure_;
  Raster raster_;
  std::vector<std::vector<LevelMap>> levels_;  // as figure_.rows
  LevelRange range_;
  double longest_seconds_ = 0.0;
};

}  // namespace

SpectrogramFigure separation_figure(std::string title, SpectrogramPanel mixture,
                                    std::span<const SpectrogramPanel> estimates,
                                    std::span<const SpectrogramPanel> references) {
  SpectrogramFigure figure;
  figure.title = std::move(title);
  if (!mixture.samples.empty()) figure.rows.push_back({std::move(mixture)});
  for (size_t k = 0; k < estimates.size(); ++k) {
    figure.rows.push_back({estimates[k]});
    if (k < references.size()) figure.rows.back().push_back(references[k]);
  }
  return figure;
}

Result<void> write_spectrogram_png(const std::filesystem::path& path,
                                   const SpectrogramFigure& figure, WriteOptions options) {
  TESSERA_TRY_VOID(check_writable(path, options));
  TESSERA_TRY_VOID(check_figure(figure));
  const Raster raster = FigurePainter(figure).paint();
  TESSERA_TRY(const std::vector<uint8_t> png, raster.to_png());
  return write_file_atomically(path, png, options);
}

}  // namespace tessera
