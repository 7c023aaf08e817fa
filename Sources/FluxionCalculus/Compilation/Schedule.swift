/// The order in which clusters run: operands before uses, and every reader of an input before the input is overwritten.
struct Schedule {
  /// Clusters in the order of execution.
  let clusters: [Cluster]
  /// Outputs that are computed in scratch memory and copied to their own at the end.
  let copied: Set<Int>

  init(_ flow: Dataflow, inPlace: [(input: Int, output: Int)]) throws(FluxionError) {
    // Usually every in-place output can be written directly. Where the input it overwrites is still needed to compute
    // something that needs the output (the previous gradient in Adams–Bashforth), that output is computed aside.
    var aside: Set<Int> = []
    while true {
      let direct = inPlace.filter { !aside.contains($0.output) }
      let copies = Self.copies(flow, inPlace: inPlace, aside: aside)
      var graph = ClusterGraph(flow, Fusion(flow, inPlace: direct).clusters + copies)
      guard let obstacle = graph.protectInputs(inPlace) else {
        clusters = graph.ordered()
        copied = Set(copies.compactMap { if case .copy(let output) = $0.kind { output } else { nil } })
        return
      }
      guard aside.insert(obstacle).inserted else {
        throw FluxionError(
          .unsupported, "output \(obstacle) cannot be written over its input: the program exchanges inputs")
      }
    }
  }

  /// Outputs that no cluster writes into their own memory: inputs, literals, views, repeated outputs, those aside.
  private static func copies(
    _ flow: Dataflow, inPlace: [(input: Int, output: Int)], aside: Set<Int>
  ) -> [Cluster] {
    var written: Set<Int> = []
    var copies: [Cluster] = []
    for (output, value) in flow.program.outputs.enumerated() {
      let isOwn = value >= flow.program.inputs.count && flow.view(value) == nil && flow.literal(value) == nil
      if isOwn, !aside.contains(output), written.insert(value).inserted { continue }
      if let pair = inPlace.first(where: { $0.output == output }), flow.root(value) == (pair.input, 0) { continue }
      var copy = Cluster(kind: .copy(output: output), members: [value])
      copy.reads = [value]
      copies.append(copy)
    }
    return copies
  }
}

/// Clusters and what must run before what.
private struct ClusterGraph {
  private let flow: Dataflow
  private let clusters: [Cluster]
  private var predecessors: [[Int]]
  private var producers: [Int: Int] = [:]

  init(_ flow: Dataflow, _ clusters: [Cluster]) {
    self.flow = flow
    self.clusters = clusters
    predecessors = [[Int]](repeating: [], count: clusters.count)
    for (index, cluster) in clusters.enumerated() {
      for value in cluster.writes { producers[value] = index }
    }
    for (index, cluster) in clusters.enumerated() {
      for read in cluster.reads {
        if let producer = producers[flow.root(read).value], producer != index { predecessors[index].append(producer) }
      }
    }
  }

  /// Makes every reader of an overwritten input run first; the output for which that is impossible, if any.
  mutating func protectInputs(_ inPlace: [(input: Int, output: Int)]) -> Int? {
    for pair in inPlace {
      let copy = clusters.firstIndex { if case .copy(pair.output) = $0.kind { true } else { false } }
      guard let writer = copy ?? producers[flow.program.outputs[pair.output]] else { continue }
      let readers = clusters.indices.filter { index in
        index != writer && clusters[index].reads.contains { flow.root($0).value == pair.input }
      }
      guard !readers.isEmpty else { continue }
      if readers.contains(where: { depends($0, on: writer) }) { return pair.output }
      predecessors[writer].append(contentsOf: readers)
    }
    return nil
  }

  private func depends(_ cluster: Int, on other: Int) -> Bool {
    var visited: Set<Int> = []
    var stack = [cluster]
    while let next = stack.popLast() {
      if next == other { return true }
      if visited.insert(next).inserted { stack.append(contentsOf: predecessors[next]) }
    }
    return false
  }

  /// A topological order that keeps to the program's own where it can. The graph has no cycles.
  func ordered() -> [Cluster] {
    let priority = clusters.indices.sorted {
      (clusters[$0].members.last ?? 0, $0) < (clusters[$1].members.last ?? 0, $1)
    }
    var visited = [Bool](repeating: false, count: clusters.count)
    var order: [Cluster] = []
    for start in priority {
      var stack = [(start, false)]
      while let (index, expanded) = stack.popLast() {
        if expanded {
          order.append(clusters[index])
        } else if !visited[index] {
          visited[index] = true
          stack.append((index, true))
          for predecessor in predecessors[index].reversed() where !visited[predecessor] {
            stack.append((predecessor, false))
          }
        }
      }
    }
    return order
  }
}
