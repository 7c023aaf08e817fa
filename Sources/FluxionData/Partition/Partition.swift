/// A dataset dealt out to parties: a collection of one ``DatasetView`` a party, what it trains on.
///
/// Every example is in exactly one place: with one party, with one party's validation share, in the server's validation
/// set or, if the dataset was split before, in the test set.
///
/// Held flat (one array of indices and where each party begins), so a hundred thousand parties cost no more than
/// their examples.
///
/// ```swift
/// let parties = try Dataset.digits().split(testFraction: 0.2, seed: 1)
///   .partitioned(.dirichlet(alpha: 0.5), parties: 10, seed: 7)
/// for (name, party) in zip(parties.names, parties) { print(name, party.count, party.labelHistogram()) }
/// ```
public struct Partition: Sendable {
  public let dataset: Dataset
  /// Examples no party holds, on which the global model is judged; nil when the dataset was not split.
  public let test: DatasetView?
  /// How the dataset was dealt out.
  public let partitioner: Partitioner
  public let seed: UInt64
  /// Training examples that the server keeps for validation and no party holds; nil without a share of its own.
  public internal(set) var validation: DatasetView?
  /// What the parties keep for validation, in the order of the parties; nil if they keep nothing.
  var withheld: Deal?

  /// The examples of party 0, then of party 1, ….
  package let indices: [Int32]
  /// Party `p` holds `indices[offsets[p] ..< offsets[p + 1]]`.
  package let offsets: [Int]
  private let givenNames: [String]?

  init(
    dataset: Dataset, test: DatasetView?, partitioner: Partitioner, seed: UInt64, deal: Deal
  ) {
    self.dataset = dataset
    self.test = test
    self.partitioner = partitioner
    self.seed = seed
    indices = deal.indices
    offsets = deal.offsets
    givenNames = deal.names
  }

  /// What party `party` is called: its value of the column for `.column`, else its number.
  public func name(of party: Int) -> String { givenNames?[party] ?? "party \(party)" }

  public var names: [String] { (0..<count).map(name(of:)) }

  /// Examples a party, by party.
  public var sizes: [Int] { (0..<count).map { offsets[$0 + 1] - offsets[$0] } }

  /// What party `party` keeps for validation and does not train on; empty without a share for the parties.
  public func validation(of party: Int) -> DatasetView {
    let indices = withheld.map { $0.indices[$0.offsets[party]..<$0.offsets[party + 1]] }
    return DatasetView(dataset, uncheckedIndices: indices ?? [])
  }

  /// Whether the parties keep examples for validation.
  public var hasPartyValidation: Bool { withheld != nil }

  /// Training examples of all parties together.
  public var exampleCount: Int { indices.count }

  /// The parties' training examples pooled in one view, as if there were no parties.
  public var pooled: DatasetView { DatasetView(dataset, uncheckedIndices: indices[...]) }
}

extension Partition: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { offsets.count - 1 }

  /// The data that one party trains on.
  public subscript(party: Int) -> DatasetView {
    DatasetView(dataset, uncheckedIndices: indices[offsets[party]..<offsets[party + 1]])
  }
}

/// What a partitioner decides: indices by party, where each party begins, and names if the parties have any.
struct Deal: Equatable {
  var indices: [Int32]
  var offsets: [Int]
  var names: [String]?
}
