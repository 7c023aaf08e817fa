import FluxionCalculus

extension CSVTable {
  /// The position of a column.
  ///
  /// - Throws: `.invalidArgument`, with the nearest name, when there is none of that name.
  func column(named wanted: String) throws -> Int {
    if let column = header.firstIndex(of: wanted) { return column }
    let hint = nearest(wanted, among: header).map { "; did you mean \"\($0)\"?" } ?? ""
    throw FluxionError(
      .invalidArgument,
      "\(name) has no column \"\(wanted)\"\(hint)\(hint.isEmpty ? ";" : "") its columns are "
        + "\(header.prefix(20).joined(separator: ", "))\(header.count > 20 ? ", …" : "")")
  }

  /// The column to predict.
  func labelColumn(_ options: CSVOptions) throws -> Int {
    if let wanted = options.labelColumn { return try column(named: wanted) }
    for usual in ["label", "target", "class", "y"] {
      if let column = header.firstIndex(where: { $0.lowercased() == usual }) { return column }
    }
    return columnCount - 1
  }

  func missingValue(row: Int, column: Int) -> FluxionError {
    FluxionError(.corruptData, "\(name), line \(lines[row]), column \"\(header[column])\": the value is missing")
  }

  /// What the label column holds, as classes or values.
  func targets(column: Int, options: CSVOptions) throws -> Targets {
    let areClassesWanted = options.targetKind == .classes
    let values: CSVColumn
    do {
      values = try CSVColumn(self, column: column, asText: false)
    } catch  where areClassesWanted {
      values = CSVColumn.texts(self, column: column)  // Classes may be numbers and texts at once.
    }
    switch values {
    case .texts(let names, let codes):
      guard options.targetKind != .values else {
        let row = (0..<rowCount).first { !isNumber(row: $0, column: column) } ?? 0
        throw FluxionError(
          .corruptData,
          "\(name), line \(lines[row]), column \"\(header[column])\": "
            + "\"\(text(field(row: row, column: column)).prefix(40))\" is not a number, which a regression target must be"
        )
      }
      if let row = codes.firstIndex(of: -1) { throw missingValue(row: row, column: column) }
      return .classes(labels: codes, classCount: names.count, classNames: names)
    case .numbers(let numbers):
      if let row = numbers.firstIndex(where: \.isNaN) { throw missingValue(row: row, column: column) }
      guard options.targetKind != .values else { return .values(numbers) }
      let distinct = Set(numbers).sorted()
      let isNamedLabel = ["label", "class"].contains(header[column].lowercased())
      let isFew = distinct.count <= (isNamedLabel ? 1000 : 20) && distinct.count < max(rowCount, 2)
      let isInteger = distinct.allSatisfy { Int32(exactly: $0) != nil }
      guard areClassesWanted || (isInteger && isFew) else { return .values(numbers) }
      var ranks: [Float: Int32] = [:]
      for (rank, number) in distinct.enumerated() { ranks[number] = Int32(rank) }
      return .classes(
        labels: numbers.map { ranks[$0] ?? 0 }, classCount: distinct.count,
        classNames: distinct.map { Int32(exactly: $0).map(String.init) ?? "\($0)" })
    }
  }

  private func isNumber(row: Int, column: Int) -> Bool {
    let field = field(row: row, column: column)
    return bytes[field.start..<field.start + Int(field.length)].withUnsafeBufferPointer {
      DecimalNumber.parse($0) != nil
    }
  }
}
