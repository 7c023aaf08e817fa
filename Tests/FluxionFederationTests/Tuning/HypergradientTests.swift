import FluxionCalculus
import FluxionFederation
import FluxionLearning
import Testing

/// Hypergradients of a whole round, several local steps with momentum, weight decay and a proximal term, against finite
/// differences in `Double`.
@Suite("A hypergradient")
struct HypergradientTests {
  typealias Federation = ReferenceFederation

  static let names = ["learningRate", "weightDecay", "momentum", "proximal"]

  static func federation(_ model: Model, input: Shape, server: ServerOptimizer) throws -> Federation {
    try Federation(
      LearningTask(model, loss: .softmaxCrossEntropy), input: input,
      local: LocalTraining(
        .momentum(learningRate: 0.2, momentum: 0.8).with(weightDecay: 0.05), objective: .proximal(0.3)),
      server: server, tuned: names, parties: 3, steps: 4, batchSize: 3, classes: 3)
  }

  static let dense = Model {
    Dense(5)
    Tanh()
    Dense(3)
  }

  static let convolutional = Model {
    Conv2D(filters: 3, kernel: 3, padding: .same)
    ReLU()
    MaxPool2D(2)
    Flatten()
    Dense(3)
  }

  static let small = ["learningRate": 0.2, "weightDecay": 0.05, "momentum": 0.8, "proximal": 0.3]

  private func agree(_ derivative: Double, _ slope: Double, _ what: String) {
    #expect(abs(slope) > 1e-6, "\(what) has a derivative to speak of")
    #expect(abs(derivative - slope) <= 1e-6 * abs(slope), "\(what): \(derivative), by finite differences \(slope)")
  }

  @Test("of the federation's loss is the mean product of tangents and gradient", arguments: names)
  func shared(name: String) throws {
    let rows: [(Model, Shape)] = [(Self.dense, [4]), (Self.convolutional, [4, 4, 1])]
    for (model, input) in rows {
      // A server step of rate 1 is plain averaging.
      let federation = try Self.federation(model, input: input, server: ServerOptimizer(.sgd(learningRate: 1)))
      let position = try #require(Self.names.firstIndex(of: name))
      func loss(at model: Federation.Values) throws -> (loss: Double, gradient: Federation.Values) {
        let each = try federation.parties.indices.map { try federation.objective($0, at: model) }
        return (
          each.indices.reduce(0) { $0 + federation.share($1) * each[$1].loss },
          federation.mean(each.map { $0.gradient })
        )
      }
      let trained = try federation.parties.indices.map { try federation.train($0, [:]) }
      let gradient = try loss(at: try federation.stepped(federation.mean(trained.map { $0.model }))).gradient
      let derivative = trained.indices.reduce(0) {
        $0 + federation.share($1) * Federation.inner(trained[$1].tangents[position], gradient)
      }
      let slope = try Federation.slope(at: Double(Float(Self.small[name] ?? 0)), step: 1e-4) { value in
        let models = try federation.parties.indices.map { try federation.train($0, [name: value]).model }
        return try loss(at: try federation.stepped(federation.mean(models))).loss
      }
      agree(derivative, slope, name)
    }
  }

  @Test("of a party's own loss with respect to its own value needs nothing from other parties", arguments: names)
  func perParty(name: String) throws {
    let federation = try Self.federation(Self.dense, input: [4], server: ServerOptimizer(.sgd(learningRate: 1)))
    let position = try #require(Self.names.firstIndex(of: name))
    let trained = try federation.parties.indices.map { try federation.train($0, [:]) }
    let party = 1
    let gradient = try federation.objective(
      party, at: try federation.stepped(federation.mean(trained.map { $0.model }))
    ).gradient
    let derivative = federation.share(party) * Federation.inner(trained[party].tangents[position], gradient)
    let slope = try Federation.slope(at: Double(Float(Self.small[name] ?? 0)), step: 1e-4) { value in
      var models = trained.map { $0.model }
      models[party] = try federation.train(party, [name: value]).model
      return try federation.objective(party, at: try federation.stepped(federation.mean(models))).loss
    }
    agree(derivative, slope, name)
  }

  @Test("of Adam's learning rate is finite where a parameter has no gradient")
  func adam() throws {
    var federation = try Federation(
      LearningTask(Self.dense, loss: .softmaxCrossEntropy), input: [4],
      local: LocalTraining(.adam(learningRate: 0.05)), server: ServerOptimizer(.sgd(learningRate: 1)),
      tuned: ["learningRate"], parties: 1, steps: 4, batchSize: 3, classes: 3)
    for batch in federation.parties[0].batches.indices {
      for example in 0..<3 { federation.parties[0].batches[batch].x.elements[4 * example] = 0 }
    }
    let trained = try federation.train(0, [:])
    let gradient = try federation.objective(0, at: trained.model).gradient
    let slope = try Federation.slope(at: Double(Float(0.05)), step: 1e-5) { value in
      try federation.objective(0, at: try federation.train(0, ["learningRate": value]).model).loss
    }
    agree(Federation.inner(trained.tangents[0], gradient), slope, "Adam's learning rate")
  }

  static let servers: [ServerOptimizer] = [
    ServerOptimizer(.sgd(learningRate: 0.7)), .momentum(learningRate: 0.7), .adam(learningRate: 0.1),
  ]

  @Test("of the server's learning rate is the product of its step's tangent and the gradient", arguments: 0..<3)
  func server(row: Int) throws {
    let optimizer = Self.servers[row]
    let federation = try Self.federation(Self.dense, input: [4], server: optimizer)
    let mean = federation.mean(try federation.parties.indices.map { try federation.train($0, [:]).model })
    let tangents = try federation.server.carryingTangent(of: "learningRate").evaluateReference(
      federation.serverInputs(mean, learningRate: nil))
    let tangent = Federation.split(try #require(tangents.last).elements, federation.step.step.parameters)
    let gradient = try federation.objective(0, at: try federation.stepped(mean)).gradient
    let rate = Double(try #require(optimizer.optimizer?["learningRate"]))
    let slope = try Federation.slope(at: rate, step: 1e-4) { rate in
      try federation.objective(0, at: try federation.stepped(mean, learningRate: rate)).loss
    }
    agree(Federation.inner(tangent, gradient), slope, "server learning rate")
  }
}
