import FluxionCalculus
public import FluxionData

/// What a party trains on.
public struct PartyData: Sendable {
  enum Source: Sendable {
    case examples(DatasetView)
    /// A file with a table, which is read as the server says, so that every party has the same features and classes.
    case table(path: String)
  }

  let source: Source
  /// What it is called.
  public let name: String
  /// How many examples there are.
  public let count: Int

  /// Examples as the server's model takes them.
  public static func examples(_ data: DatasetView) -> PartyData {
    PartyData(source: .examples(data), name: data.dataset.name, count: data.count)
  }

  /// A table in CSV, all rows of it.
  ///
  /// - Throws: ``FluxionError`` for a file that is not there or no table.
  public static func table(_ path: String) throws -> PartyData {
    PartyData(source: .table(path: path), name: path, count: try Dataset.csvCount(path))
  }

  /// What a hello tells of an example; nothing of a table before it is read.
  var exampleShape: Shape { if case .examples(let data) = source { data.dataset.exampleShape } else { [] } }
  var classCount: Int? { if case .examples(let data) = source { data.dataset.classCount } else { nil } }

  /// The examples.
  ///
  /// - Parameter schema: how the server reads tables; nil if it has none.
  /// - Throws: ``FluxionError/Code/unsupported`` for a table where the server works on none, or one that it cannot read
  ///   as the server does.
  func examples(as schema: TableSchema?) throws -> DatasetView {
    switch source {
    case .examples(let data): return data
    case .table(let path):
      guard let schema else {
        throw FluxionError(.unsupported, "the server does not work on tables, and \(path) is one")
      }
      do {
        let table = try Dataset.csv(path, as: schema).all
        guard table.count == count else {
          throw FluxionError(.unsupported, "\(path) has \(table.count) rows, where it had \(count) before")
        }
        return table
      } catch let error as FluxionError {
        // No other attempt would read it otherwise.
        throw FluxionError(.unsupported, error.message, cause: error)
      }
    }
  }
}
