//! Results as pictures: horizontal bars, a group for each row and a bar for each subject.

use crate::report::figure;
use crate::results::{Grid, Report, Section, Unit};
use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

/// One picture.
#[derive(Debug, PartialEq)]
struct Plot {
    file: String,
    title: String,
    unit: Unit,
    groups: Vec<Group>,
}

#[derive(Debug, PartialEq)]
struct Group {
    name: String,
    /// Subjects and their figures.
    bars: Vec<(String, f64)>,
}

/// Writes a picture for each table into the folder; says how many.
pub fn write(report: &Report, folder: &Path) -> Result<usize, Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let plots: Vec<_> = report.sections.iter().flat_map(plots).collect();
    for plot in &plots {
        draw(plot, &folder.join(&plot.file))?;
    }
    Ok(plots.len())
}

fn plots(section: &Section) -> Vec<Plot> {
    let mut plots: Vec<_> = section
        .grids
        .iter()
        .map(|grid| of_grid(&section.table, grid))
        .collect();
    if let Some(threads) = section.threads.filter(|_| !section.rows.is_empty()) {
        plots.push(of_times(section, threads));
    }
    plots.retain(|plot| !plot.groups.is_empty());
    plots
}

/// Time per unit.
fn of_times(section: &Section, threads: usize) -> Plot {
    let groups = section.rows.iter().map(|row| {
        let bars = row.subjects.iter();
        Group {
            name: format!("{}, a {}", row.row, row.unit),
            bars: bars
                .map(|subject| (subject.name.clone(), subject.median_ns / row.units as f64))
                .collect(),
        }
    });
    Plot {
        file: format!("{}-{threads}.svg", section.table),
        title: format!("{}, threads: {threads}", section.table),
        unit: Unit::Nanoseconds,
        groups: groups.collect(),
    }
}

/// The columns that are to be drawn; each makes a group of every row.
fn of_grid(table: &str, grid: &Grid) -> Plot {
    let plotted = || {
        let columns = grid.columns.iter().enumerate();
        columns.filter(|(_, column)| column.plotted)
    };
    let mut rows: Vec<&str> = grid.lines.iter().map(|line| &*line.row).collect();
    rows.dedup();
    let mut groups = Vec::new();
    for row in rows {
        for (place, column) in plotted() {
            let name = match (row == grid.title, plotted().count()) {
                (true, _) => column.name.clone(),
                (false, 1) => row.to_owned(),
                (false, _) => format!("{row}, {}", column.name),
            };
            let lines = grid.lines.iter().filter(|line| line.row == row);
            let bars = lines.filter_map(|line| Some((line.subject.clone(), line.values[place]?)));
            groups.push(Group {
                name,
                bars: bars.collect(),
            });
        }
    }
    let file: String = format!("{table}-{}", grid.title)
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || " -".contains(*letter))
        .collect();
    Plot {
        file: file.replace(' ', "-") + ".svg",
        title: format!("{table}: {}", grid.title),
        unit: plotted()
            .next()
            .map_or(Unit::Count, |(_, column)| column.unit),
        groups,
    }
}

/// Colours that differ also for those who do not see red and green apart (Okabe and Ito).
fn colour(subject: &str) -> RGBColor {
    match subject {
        "manyhands" => RGBColor(213, 94, 0),
        "rayon" => RGBColor(0, 114, 178),
        "chili" => RGBColor(204, 121, 167),
        "tokio" => RGBColor(86, 180, 233),
        "async-executor" => RGBColor(0, 158, 115),
        "futures" => RGBColor(230, 159, 0),
        "forte" => RGBColor(90, 60, 140),
        _ => RGBColor(150, 150, 150),
    }
}

const WIDTH: u32 = 960;
/// Room for the names of the groups.
const LEFT: u32 = 270;
/// Room for the figures behind the bars.
const RIGHT: u32 = 80;
const BAR: u32 = 14;
const GAP: u32 = 14;
/// Room for the title and the legend.
const TOP: u32 = 64;
const BOTTOM: u32 = 40;

fn draw(plot: &Plot, file: &Path) -> Result<(), Box<dyn Error>> {
    let values = || {
        plot.groups
            .iter()
            .flat_map(|group| &group.bars)
            .map(|bar| bar.1)
    };
    let most = values().fold(0.0, f64::max);
    let least = values().filter(|&value| value > 0.0).fold(most, f64::min);
    if most > 30.0 * least {
        // From a power of ten, so that the shortest bar has a length.
        let from = 10_f64.powf((least / 1.5).log10().floor());
        draw_bars(plot, file, (from..most * 1.2).log_scale(), from)
    } else {
        let most = if most > 0.0 { most } else { 1.0 };
        draw_bars(plot, file, 0.0..most * 1.05, 0.0)
    }
}

fn draw_bars<X>(plot: &Plot, file: &Path, axis: X, from: f64) -> Result<(), Box<dyn Error>>
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let bars: usize = plot.groups.iter().map(|group| group.bars.len()).sum();
    let height = bars as u32 * BAR + plot.groups.len() as u32 * GAP;
    let root = SVGBackend::new(file, (WIDTH, TOP + height + BOTTOM)).into_drawing_area();
    root.fill(&WHITE)?;
    let text = |size: i32, horizontal| {
        let style = TextStyle::from(("sans-serif", size).into_font()).color(&BLACK);
        style.pos(Pos::new(horizontal, VPos::Center))
    };
    root.draw_text(&plot.title, &text(18, HPos::Left), (12, 18))?;
    legend(plot, &root, &text(13, HPos::Left))?;

    let mut chart = ChartBuilder::on(&root)
        .margin_top(TOP)
        .margin_left(LEFT)
        .margin_right(RIGHT)
        .x_label_area_size(BOTTOM)
        .build_cartesian_2d(axis, RangedCoordf64::from(0.0..f64::from(height)))?;
    let unit = plot.unit;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .y_labels(0)
        .x_labels(6)
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.15))
        .x_label_formatter(&|value| figure(*value, unit))
        .draw()?;

    // Down from the top.
    let mut top = f64::from(height);
    let bar_height = f64::from(BAR);
    for group in &plot.groups {
        top -= f64::from(GAP) / 2.0;
        let middle = top - bar_height * group.bars.len() as f64 / 2.0;
        let (_, y) = chart.plotting_area().map_coordinate(&(from, middle));
        let place = (LEFT as i32 - 10, y);
        root.draw_text(&group.name, &text(13, HPos::Right), place)?;
        for (subject, value) in &group.bars {
            let end = value.max(from);
            let corners = [(from, top - 1.0), (end, top - bar_height + 1.0)];
            let style = colour(subject).filled();
            chart.draw_series([Rectangle::new(corners, style)])?;
            let middle = (end, top - bar_height / 2.0);
            let (x, y) = chart.plotting_area().map_coordinate(&middle);
            let label = figure(*value, unit);
            root.draw_text(&label, &text(11, HPos::Left), (x + 4, y))?;
            top -= bar_height;
        }
        top -= f64::from(GAP) / 2.0;
    }
    root.present()?;
    Ok(())
}

fn legend(
    plot: &Plot,
    root: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    style: &TextStyle<'_>,
) -> Result<(), Box<dyn Error>> {
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in plot.groups.iter().flat_map(|group| &group.bars) {
        if !names.contains(&&**name) {
            names.push(name);
        }
    }
    let mut x = 12;
    for name in names {
        let square = [(x, 38), (x + 12, 50)];
        root.draw(&Rectangle::new(square, colour(name).filled()))?;
        root.draw_text(name, style, (x + 18, 44))?;
        x += 44 + 7 * name.len() as i32;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn rows_and_columns_make_groups() {
        let report = report();
        let times = plots(&report.sections[0]);
        assert_eq!(times[0].file, "table-2.svg");
        assert_eq!(times[0].groups[0].name, "tree, a node");
        assert_eq!(times[0].groups[0].bars[2], ("rayon".into(), 3.0));
        let grids = plots(&report.sections[2]);
        assert_eq!(grids[0].file, "table-2-threads.svg");
        assert_eq!(grids[0].groups.len(), 1);
        assert_eq!(grids[0].groups[0].bars.len(), 2);
    }

    #[test]
    fn pictures_are_drawn_at_every_scale() {
        let folder = std::env::temp_dir().join(format!("compare-plots-{}", std::process::id()));
        let mut report = report();
        report.sections[1].rows[0].subjects[0].median_ns = 1e6;
        assert_eq!(write(&report, &folder).unwrap(), 3);
        for file in ["table-2.svg", "table-8.svg", "table-2-threads.svg"] {
            let text = std::fs::read_to_string(folder.join(file)).unwrap();
            assert!(
                text.contains("manyhands") && text.ends_with("</svg>\n"),
                "{file}"
            );
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
