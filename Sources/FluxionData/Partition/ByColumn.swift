import FluxionCalculus

extension DatasetView {
  /// One party a distinct value of a column among the examples of the view, in the order of the values.
  func dealColumn(_ name: String, parties: Int?) throws -> Deal {
    let (codes, names) = try distinctValues(ofColumn: name)
    let grouped = Self.stablySorted(indices, by: codes, classCount: names.count)
    var deal = Deal(indices: grouped.indices, offsets: [0], names: [])
    for (value, valueName) in names.enumerated() where grouped.starts[value + 1] > grouped.starts[value] {
      deal.offsets.append(grouped.starts[value + 1])
      deal.names?.append(valueName)
    }
    let found = deal.offsets.count - 1
    guard found >= 1 else {
      throw FluxionError(.invalidArgument, "dataset \"\(dataset.name)\" has no samples to deal out")
    }
    if let parties, parties != found {
      throw FluxionError(
        .invalidArgument,
        "column \"\(name)\" of \"\(dataset.name)\" has \(found) distinct values and so makes \(found) parties, "
          + "not \(parties); leave the number of parties out or say \(found)")
    }
    return deal
  }

  /// For each example of the view which value it has, and the values' names in order.
  private func distinctValues(ofColumn name: String) throws -> (codes: [Int32], names: [String]) {
    if let column = dataset.columns.first(where: { $0.name == name }) {
      if let categories = column.categories {
        return (indices.map { categories.codes[Int($0)] }, categories.names)
      }
      if column.features.count == 1 { return distinctNumbers(ofFeature: column.features.lowerBound) }
    }
    if name == dataset.labelColumn { return distinctTargets() }
    let known = dataset.columns.map(\.name) + (dataset.labelColumn.map { [$0] } ?? [])
    guard !known.isEmpty else {
      throw FluxionError(
        .invalidArgument,
        "dataset \"\(dataset.name)\" has no columns, so there is no column \"\(name)\"; column:NAME is for tables")
    }
    let hint = nearest(name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    throw FluxionError(
      .invalidArgument,
      "dataset \"\(dataset.name)\" has no column \"\(name)\"\(hint)\(hint.isEmpty ? ";" : "") "
        + "its columns are \(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : "")")
  }

  private func distinctTargets() -> (codes: [Int32], names: [String]) {
    switch dataset.targets {
    case .classes(let labels, _, let classNames): (indices.map { labels[Int($0)] }, classNames)
    case .values(let values): Self.ranked(indices.map { values[Int($0)] })
    }
  }

  private func distinctNumbers(ofFeature feature: Int) -> (codes: [Int32], names: [String]) {
    let width = dataset.featureCount
    return withExtendedLifetime(dataset.features) {
      let base = dataset.features.base
      let numbers = indices.map { index -> Float in
        let position = Int(index) * width + feature
        return dataset.features.element == .uint8
          ? Float(base.load(fromByteOffset: position, as: UInt8.self))
          : base.load(fromByteOffset: position * 4, as: Float.self)
      }
      return Self.ranked(numbers)
    }
  }

  private static func ranked(_ numbers: [Float]) -> (codes: [Int32], names: [String]) {
    let distinct = Set(numbers).sorted()
    var ranks: [Float: Int32] = [:]
    for (rank, number) in distinct.enumerated() { ranks[number] = Int32(rank) }
    let names = distinct.map { Int(exactly: $0).map(String.init) ?? "\($0)" }
    return (numbers.map { ranks[$0] ?? 0 }, names)
  }
}
