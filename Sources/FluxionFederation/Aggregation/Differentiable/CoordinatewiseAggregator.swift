public import FluxionCalculus
import Synchronization

/// A differentiable aggregator that treats every coordinate alone: a rule for scalars, written over vectors.
///
/// ```swift
/// /// The middle between the least and the greatest value of each coordinate.
/// struct Midrange: CoordinatewiseAggregator {
///   let name = "midrange"
///   let rule = CoordinatewiseRule { vectors, _ in
///     0.5 * (vectors.dropFirst().reduce(vectors[0], minimum) + vectors.dropFirst().reduce(vectors[0], maximum))
///   }
/// }
/// ```
public protocol CoordinatewiseAggregator: DifferentiableAggregator {
  var rule: CoordinatewiseRule { get }
}

extension CoordinatewiseAggregator {
  public func aggregate(_ updates: [ClientUpdate]) throws -> [Float] { try rule.value(at: updates) }

  public func pullback(_ cotangent: [Float], at updates: [ClientUpdate]) throws -> [[Float]] {
    try rule.pullback(cotangent, at: updates)
  }

  /// One pushforward: the Jacobians are diagonal, so each is its own transpose.
  public func pullbackSum(_ cotangents: [[Float]], scales: [Float], at updates: [ClientUpdate]) throws -> [Float] {
    try rule.pushforward(cotangents, scales: scales, at: updates)
  }
}

/// A coordinate-wise rule with its derivatives, traced and compiled once for each number of clients.
///
/// Programs run over blocks of ``blockSize`` coordinates, so that one compiled program serves a model of any size and
/// intermediate values stay in cache: about 16 kB for each comparison of a sorting network and client.
public final class CoordinatewiseRule: Sendable {
  /// Coordinates that one run of a program takes.
  static let blockSize = 4096

  private let body: @Sendable (_ vectors: [Tensor], _ weights: [Tensor]) -> Tensor
  private let compiled = Mutex<[Key: Executable]>([:])

  private enum Form: Hashable { case value, pullback, pushforward }

  private struct Key: Hashable {
    let form: Form
    let clients: Int
  }

  /// - Parameter body: one vector of the same shape for each client, and its share `α_k`, a scalar ↦ the aggregate. Made
  ///   of elementwise operators alone, and translation equivariant.
  public init(_ body: @escaping @Sendable (_ vectors: [Tensor], _ weights: [Tensor]) -> Tensor) { self.body = body }

  /// The rule as a program: the clients' vectors `[count]` and their shares, scalars ↦ the aggregate.
  public func program(clients: Int, count: Int) throws -> Program {
    let vectors = (0..<clients).map { Program.Input("w\($0)", TensorType([count])) }
    let shares = (0..<clients).map { Program.Input("share\($0)", TensorType(.scalar)) }
    return try Program.trace(vectors + shares) { [body(Array($0[..<clients]), Array($0[clients...]))] }
  }

  func value(at updates: [ClientUpdate]) throws -> [Float] {
    try run(.value, updates, shares: updates.shares)[0]
  }

  /// With shares that are no counts.
  func value(at updates: [ClientUpdate], shares: [Float]) throws -> [Float] {
    try run(.value, updates, shares: shares)[0]
  }

  func pullback(_ cotangent: [Float], at updates: [ClientUpdate]) throws -> [[Float]] {
    try run(.pullback, updates, shares: updates.shares, more: [cotangent])
  }

  func pushforward(_ tangents: [[Float]], scales: [Float], at updates: [ClientUpdate]) throws -> [Float] {
    try run(.pushforward, updates, shares: updates.shares, more: tangents, scales: scales)[0]
  }

  private func run(
    _ form: Form, _ updates: [ClientUpdate], shares: [Float], more: [[Float]] = [], scales: [Float] = []
  ) throws -> [[Float]] {
    guard let count = updates.first?.values.count else {
      throw FluxionError(.invalidArgument, "nothing follows from no updates; a round needs at least one")
    }
    let vectors = updates.map(\.values) + more
    guard vectors.allSatisfy({ $0.count == count }) else {
      throw FluxionError(.shapeMismatch, "the updates of a round have one length; these differ")
    }
    let executable = try executable(form, clients: updates.count)
    let workspace = executable.makeWorkspace()
    let scalars = shares + scales
    for (index, scalar) in scalars.enumerated() {
      workspace.pointer(input: vectors.count + index).storeBytes(of: scalar, as: Float.self)
    }
    let block = Self.blockSize
    var results = executable.program.outputs.map { _ in [Float](repeating: 0, count: count) }
    for start in stride(from: 0, to: count, by: block) {
      let range = start..<min(start + block, count)
      for (index, vector) in vectors.enumerated() {
        let input = workspace.pointer(input: index).assumingMemoryBound(to: Float.self)
        // What is left of the last block's inputs is of the block before: finite, and nobody reads its results.
        vector[range].withUnsafeBufferPointer { slice in
          if let source = slice.baseAddress { input.update(from: source, count: slice.count) }
        }
      }
      workspace.run()
      for index in results.indices {
        let output = workspace.pointer(output: index).assumingMemoryBound(to: Float.self)
        results[index].withUnsafeMutableBufferPointer { result in
          _ = UnsafeMutableBufferPointer(rebasing: result[range]).update(
            fromContentsOf: UnsafeBufferPointer(start: output, count: range.count))
        }
      }
    }
    return results
  }

  private func executable(_ form: Form, clients: Int) throws -> Executable {
    let key = Key(form: form, clients: clients)
    if let known = compiled.withLock({ $0[key] }) { return known }
    let made = try Executable(try derivative(form, clients: clients))
    compiled.withLock { $0[key] = made }
    return made
  }

  /// Inputs are the vectors, the cotangent or the tangents, the shares and, for a pushforward, the scales.
  private func derivative(_ form: Form, clients: Int) throws -> Program {
    let value = try program(clients: clients, count: Self.blockSize)
    let variables = Array(0..<clients)
    let vectors = Array(value.inputs[..<clients])
    let shares = Array(value.inputs[clients...])
    let more: [Program.Input]
    switch form {
    case .value: return value
    case .pullback: more = [Program.Input("cotangent", TensorType([Self.blockSize]))]
    case .pushforward: more = variables.map { Program.Input("tangent\($0)", TensorType([Self.blockSize])) }
    }
    let scales = form == .pushforward ? variables.map { Program.Input("scale\($0)", TensorType(.scalar)) } : []
    return try Program.trace(vectors + more + shares + scales) { tensors in
      let moreEnd = clients + more.count
      let inputs = Array(tensors[..<clients])
      let given = Array(tensors[clients..<moreEnd])
      let outputs = value(inputs + tensors[moreEnd..<(moreEnd + clients)])
      guard form == .pushforward else {
        return FluxionCalculus.pullback(of: outputs, withRespectTo: inputs, cotangents: given)
      }
      return FluxionCalculus.pushforward(
        of: outputs, withRespectTo: inputs, tangents: zip(given, tensors[(moreEnd + clients)...]).map { $0 * $1 })
    }
  }
}
