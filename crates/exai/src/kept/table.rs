//! Columns for people.

/// A table: the head, and lines of as many cells. Two spaces part the columns.
pub(super) fn table<const N: usize>(head: [&str; N], lines: &[[String; N]]) -> String {
    let mut widths = head.map(|cell| cell.chars().count());
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    row(&mut text, &head, &widths);
    for line in lines {
        row(&mut text, line, &widths);
    }
    text
}

fn row<T: AsRef<str>>(text: &mut String, cells: &[T], widths: &[usize]) {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        // What a provider or a file is called must not break the table.
        let cell: String = cell.as_ref().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        line.push_str(&format!("{cell:<width$}  "));
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
