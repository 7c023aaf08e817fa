import FluxionCalculus

/// What one column of a table holds.
enum CSVColumn {
  /// Numbers, NaN where a value is missing.
  case numbers([Float])
  /// The position of each row's text among the sorted distinct ones, −1 where a value is missing.
  case texts(names: [String], codes: [Int32])

  /// Reads a column as numbers if most of its values are, as texts otherwise.
  ///
  /// - Throws: `.corruptData`, with line and column, for a text among numbers.
  init(_ table: CSVTable, column: Int, asText: Bool) throws {
    guard !asText else {
      self = Self.texts(table, column: column)
      return
    }
    var numbers: [Float] = []
    numbers.reserveCapacity(table.rowCount)
    var (numeric, texts) = (0, 0)
    var firstText: Int?
    table.bytes.withUnsafeBufferPointer { bytes in
      for row in 0..<table.rowCount {
        let field = table.field(row: row, column: column)
        let text = UnsafeBufferPointer(rebasing: bytes[field.start..<field.start + Int(field.length)])
        if Self.isMissing(text) {
          numbers.append(.nan)
        } else if let number = DecimalNumber.parse(text).map({ Float($0) }), number.isFinite {
          numbers.append(number)
          numeric += 1
        } else {
          texts += 1
          firstText = firstText ?? row
          numbers.append(.nan)
        }
      }
    }
    guard let firstText else {
      self = .numbers(numbers)
      return
    }
    guard numeric <= texts else {
      throw FluxionError(
        .corruptData,
        "\(table.name), line \(table.lines[firstText]), column \"\(table.header[column])\": "
          + "\"\(table.text(table.field(row: firstText, column: column)).prefix(40))\" is not a number")
    }
    self = Self.texts(table, column: column)
  }

  static func texts(_ table: CSVTable, column: Int) -> CSVColumn {
    var firstCodes: [String: Int32] = [:]
    var names: [String] = []
    var codes: [Int32] = []
    codes.reserveCapacity(table.rowCount)
    table.bytes.withUnsafeBufferPointer { bytes in
      for row in 0..<table.rowCount {
        let field = table.field(row: row, column: column)
        if isMissing(UnsafeBufferPointer(rebasing: bytes[field.start..<field.start + Int(field.length)])) {
          codes.append(-1)
          continue
        }
        let text = table.text(field)
        if let code = firstCodes[text] {
          codes.append(code)
        } else {
          let code = Int32(names.count)
          firstCodes[text] = code
          names.append(text)
          codes.append(code)
        }
      }
    }
    let order = sortedOrder(names)
    var ranks = [Int32](repeating: 0, count: names.count)
    for (rank, position) in order.enumerated() { ranks[position] = Int32(rank) }
    return .texts(names: order.map { names[$0] }, codes: codes.map { $0 < 0 ? -1 : ranks[Int($0)] })
  }

  /// Texts in order; as numbers where all of them are.
  private static func sortedOrder(_ names: [String]) -> [Int] {
    let numbers = names.compactMap { name in Array(name.utf8).withUnsafeBufferPointer { DecimalNumber.parse($0) } }
    guard numbers.count == names.count else { return names.indices.sorted { names[$0] < names[$1] } }
    return names.indices.sorted { (numbers[$0], names[$0]) < (numbers[$1], names[$1]) }
  }

  /// An empty field, `NA`, `NaN` or `?`.
  static func isMissing(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    func lower(_ position: Int) -> UInt8 { text[position] | 0x20 }
    switch text.count {
    case 0: return true
    case 1: return text[0] == UInt8(ascii: "?")
    case 2: return lower(0) == UInt8(ascii: "n") && lower(1) == UInt8(ascii: "a")
    case 3: return lower(0) == UInt8(ascii: "n") && lower(1) == UInt8(ascii: "a") && lower(2) == UInt8(ascii: "n")
    default: return false
    }
  }
}
