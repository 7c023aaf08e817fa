package import FluxionCalculus
package import FluxionData
import SwiftProtobuf

extension Fluxion_V1_Table {
  package init(_ schema: TableSchema) {
    self.init()
    columns = schema.columns.map { column in
      .with {
        ($0.name, $0.fill) = (column.name, column.fill)
        ($0.categories, $0.isText) = (column.categories ?? [], column.categories != nil)
      }
    }
    label = schema.label
    classes = schema.classNames ?? []
    (scale, shift) = (schema.normalization.scale, schema.normalization.shift)
  }
}

extension TableSchema {
  /// - Throws: ``FluxionError/Code/corruptData`` for what describes no table.
  package init(_ message: Fluxion_V1_Table) throws(FluxionError) {
    try Wire.count(message.columns.count, upTo: WireLimits.columns, "columns")
    try Wire.count(message.classes.count, upTo: WireLimits.columns, "classes")
    var columns: [Column] = []
    for column in message.columns {
      try Wire.count(column.categories.count, upTo: WireLimits.columns, "texts of a column")
      columns.append(
        Column(
          name: column.name, fill: try Wire.finite(column.fill, "what takes the place of a missing number"),
          categories: column.isText ? column.categories : nil))
    }
    self.init(
      columns: columns, label: message.label, classNames: message.classes.isEmpty ? nil : message.classes,
      normalization: Normalization(scale: message.scale, shift: message.shift))
    for numbers in [message.scale, message.shift] {
      guard numbers.count == 1 || numbers.count == width else {
        throw FluxionError(
          .corruptData, "scale and shift have 1 number or one for each of \(width) features, not \(numbers.count)")
      }
      for number in numbers { _ = try Wire.finite(number, "a scale or shift") }
    }
  }
}
