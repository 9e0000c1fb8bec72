//! Tables in Markdown, aligned so that they can be read as text.

pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new<T: Into<String>>(head: impl IntoIterator<Item = T>) -> Table {
        Table { rows: vec![head.into_iter().map(Into::into).collect()] }
    }

    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// One more cell in this row, counted without the head.
    pub fn append(&mut self, row: usize, cell: impl Into<String>) {
        self.rows[row + 1].push(cell.into());
    }

    /// The first column is text, the others stand to the right.
    pub fn markdown(&self) -> String {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            for (column, width) in widths.iter().enumerate() {
                let cell = row.get(column).map_or("", String::as_str);
                text +=
                    &if column == 0 { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") };
            }
            text += "|\n";
            if index == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let dashes = "-".repeat(width - 1);
                    text += &if column == 0 { format!("| {dashes}- ") } else { format!("| {dashes}: ") };
                }
                text += "|\n";
            }
        }
        text
    }
}

/// A rate in three digits: 987, 12.3k, 1.23M.
pub fn rate(value: f64) -> String {
    let (value, unit) = match value {
        1e6.. => (value / 1e6, "M"),
        1e3.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}

/// A number with commas between the thousands.
pub fn thousands(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["", "rate"]);
        table.row(["axum", "1"]);
        table.append(0, "lost: there is no such column");
        assert_eq!(table.markdown(), "|      | rate |\n| ---- | ---: |\n| axum |    1 |\n");
    }

    #[test]
    fn numbers_are_short() {
        let cases =
            [(987.0, "987"), (1234.0, "1.23k"), (56_789.0, "56.8k"), (123_456.0, "123k"), (2.3e6, "2.30M")];
        for (value, text) in cases {
            assert_eq!(rate(value), text);
        }
        assert_eq!([999, 1000, 10_000].map(thousands), ["999", "1,000", "10,000"]);
    }
}
