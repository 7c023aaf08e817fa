/// Where a value lies when a program runs: which block of memory, and how many bytes in.
struct Location: Hashable, Sendable {
  var block: Int
  var byteOffset: Int

  func pointer(_ memory: Memory) -> UnsafeMutableRawPointer { memory[block] + byteOffset }

  func floats(_ memory: Memory) -> UnsafeMutablePointer<Float> {
    (memory[block] + byteOffset).assumingMemoryBound(to: Float.self)
  }

  func integers(_ memory: Memory) -> UnsafeMutablePointer<Int32> {
    (memory[block] + byteOffset).assumingMemoryBound(to: Int32.self)
  }
}

/// The start of every block of memory of one execution; see ``MemoryLayoutOfBlocks``.
typealias Memory = UnsafePointer<UnsafeMutableRawPointer>

/// The numbering of blocks: scratch, constants, one for each input, one for each output.
struct BlockNumbering {
  let inputCount: Int
  let outputCount: Int

  static let scratch = 0
  static let constants = 1
  func input(_ index: Int) -> Int { 2 + index }
  func output(_ index: Int) -> Int { 2 + inputCount + index }
  var count: Int { 2 + inputCount + outputCount }
}

/// Static memory: every value has its place before the program first runs, and places are reused as values die.
struct BufferPlan {
  let blocks: BlockNumbering
  /// Bytes of intermediate values and of the kernels' own scratch, which follows them.
  private(set) var valueByteCount = 0
  private(set) var constants: [UInt8] = []
  private var places: [Int: Location] = [:]
  private let flow: Dataflow

  static let alignment = 64

  init(_ flow: Dataflow, _ schedule: Schedule) {
    self.flow = flow
    blocks = BlockNumbering(inputCount: flow.program.inputs.count, outputCount: flow.program.outputs.count)
    for index in flow.program.inputs.indices { places[index] = Location(block: blocks.input(index), byteOffset: 0) }
    for (output, value) in flow.program.outputs.enumerated() where !schedule.copied.contains(output) {
      if places[value] == nil, flow.view(value) == nil {
        places[value] = Location(block: blocks.output(output), byteOffset: 0)
      }
    }
    placeIntermediates(schedule)
  }

  /// The place of a value that some cluster reads or writes.
  func location(_ value: Int) -> Location {
    let (root, elementOffset) = flow.root(value)
    var location = places[root] ?? Location(block: BlockNumbering.scratch, byteOffset: 0)
    location.byteOffset += elementOffset * flow.type(value).element.byteCount
    return location
  }

  private mutating func placeIntermediates(_ schedule: Schedule) {
    var lastUse: [Int: Int] = [:]
    for (position, cluster) in schedule.clusters.enumerated() {
      for value in cluster.reads + cluster.writes { lastUse[flow.root(value).value] = position }
    }
    var dying: [Int: [Int]] = [:]
    for (value, position) in lastUse { dying[position, default: []].append(value) }
    var pool = FreeList()
    for (position, cluster) in schedule.clusters.enumerated() {
      for read in cluster.reads { placeLiteral(flow.root(read).value) }
      var inherited: Set<Int> = []
      for value in cluster.writes where places[value] == nil {
        let byteCount = flow.type(value).byteCount
        if let donor = donor(for: value, in: cluster, at: position, lastUse, besides: inherited) {
          inherited.insert(donor)
          places[value] = places[donor]
        } else {
          places[value] = Location(block: BlockNumbering.scratch, byteOffset: pool.take(byteCount))
        }
      }
      for value in (dying[position] ?? []).sorted() where !inherited.contains(value) {
        if let place = places[value], place.block == BlockNumbering.scratch {
          pool.give(place.byteOffset, flow.type(value).byteCount)
        }
      }
    }
    valueByteCount = pool.extent
  }

  /// An operand of an elementwise loop that dies there and whose memory the result can take over.
  private func donor(
    for value: Int, in cluster: Cluster, at position: Int, _ lastUse: [Int: Int], besides taken: Set<Int>
  ) -> Int? {
    guard case .elementwise = cluster.kind else { return nil }
    let read = cluster.reads.first { read in
      let root = flow.root(read)
      return root.elementOffset == 0 && !taken.contains(root.value) && lastUse[root.value] == position
        && places[root.value]?.block == BlockNumbering.scratch
        && flow.shape(read) == flow.shape(value) && flow.type(root.value).byteCount == flow.type(value).byteCount
        && cluster.reads.allSatisfy { $0 == read || flow.root($0).value != root.value }
    }
    // A view has no place of its own; what it views has.
    return read.map { flow.root($0).value }
  }

  private mutating func placeLiteral(_ value: Int) {
    guard places[value] == nil, let literal = flow.literal(value) else { return }
    let padding = (Self.alignment - constants.count % Self.alignment) % Self.alignment
    constants.append(contentsOf: repeatElement(0, count: padding))
    places[value] = Location(block: BlockNumbering.constants, byteOffset: constants.count)
    switch literal.storage {
    case .float32(let values): values.withUnsafeBytes { constants.append(contentsOf: $0) }
    case .int32(let values): values.withUnsafeBytes { constants.append(contentsOf: $0) }
    }
  }
}

/// Runs of free bytes in a growing block; the smallest that suffices is taken.
private struct FreeList {
  private(set) var extent = 0
  private var runs: [(start: Int, count: Int)] = []

  private static func rounded(_ byteCount: Int) -> Int {
    let alignment = BufferPlan.alignment
    return max((byteCount + alignment - 1) / alignment, 1) * alignment
  }

  mutating func take(_ byteCount: Int) -> Int {
    let needed = Self.rounded(byteCount)
    let fitting = runs.indices.filter { runs[$0].count >= needed }
    if let best = fitting.min(by: { runs[$0].count < runs[$1].count }) {
      let start = runs[best].start
      runs[best] = (start + needed, runs[best].count - needed)
      if runs[best].count == 0 { runs.remove(at: best) }
      return start
    }
    // A run at the end can grow.
    if let last = runs.indices.last, runs[last].start + runs[last].count == extent {
      let start = runs.remove(at: last).start
      extent = start + needed
      return start
    }
    defer { extent += needed }
    return extent
  }

  mutating func give(_ start: Int, _ byteCount: Int) {
    var run = (start: start, count: Self.rounded(byteCount))
    var position = runs.firstIndex { $0.start > start } ?? runs.count
    if position < runs.count, run.start + run.count == runs[position].start {
      run.count += runs.remove(at: position).count
    }
    if position > 0, runs[position - 1].start + runs[position - 1].count == run.start {
      position -= 1
      run = (runs[position].start, runs[position].count + run.count)
      runs.remove(at: position)
    }
    runs.insert(run, at: position)
  }
}
