import FluxionCalculus

extension ServerOptimizer: CustomStringConvertible {
  /// As ``named(_:)`` reads it.
  public var description: String {
    guard let optimizer else { return "averaging" }
    let name = optimizer.name.hasPrefix("fed") ? String(optimizer.name.dropFirst(3)) : optimizer.name
    return "\(name):\(optimizer.settings)"
  }

  /// The server optimiser of a name, with settings after a colon as in ``Optimizer/named(_:)``: `averaging`,
  /// `sgd:1`, `momentum:1,momentum=0.9`, `adam:0.01,tau=0.001`, `yogi`, `adagrad`.
  ///
  /// - Throws: ``FluxionError/Code/invalidConfiguration`` that names the nearest known name or setting, and
  ///   ``FluxionError/Code/invalidArgument`` for a value outside its bounds.
  public static func named(_ text: String) throws -> ServerOptimizer {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "").trimmed
    var arguments = try Arguments(parts.count == 2 ? parts[1] : "", of: "server optimiser \(name.shortened)")
    guard names.contains(name) else {
      throw FluxionError(.invalidConfiguration, unknownName(name, "server optimiser", among: names))
    }
    func tau() throws -> Float { try arguments.namedNumber("tau") ?? arguments.namedNumber("epsilon") ?? 1e-3 }
    let server: ServerOptimizer
    switch name {
    case "sgd": server = ServerOptimizer(.sgd(learningRate: 1))
    case "momentum": server = .momentum()
    case "adam": server = .adam(tau: try tau())
    case "yogi": server = .yogi(tau: try tau())
    case "adagrad": server = .adagrad(tau: try tau())
    default: server = .averaging
    }
    guard var optimizer = server.optimizer else {
      try arguments.finish()
      return server
    }
    try optimizer.configure(&arguments)
    return ServerOptimizer(optimizer)
  }

  /// The names ``named(_:)`` knows.
  public static let names = ["averaging", "sgd", "momentum", "adam", "yogi", "adagrad"]
}
