import FluxionCalculus

/// Where the inputs of a training program stand. Groups that a program does not have are empty or nil.
///
/// The order is: parameters, optimiser state, `x`, `y`, key, hyperparameters, and what objective terms read.
public struct ProgramLayout: Hashable, Sendable {
  /// One input a parameter tensor, in the order of the model's ``ParameterLayout``, under its name.
  public internal(set) var parameters = 0..<0
  /// One input a tensor that the optimiser keeps.
  public internal(set) var state = 0..<0
  /// The batch, `[batch] + input`.
  public internal(set) var x = 0
  /// The targets, `[batch]` or `[batch] + target`.
  public internal(set) var y: Int?
  /// The `int32 [2]` key, for models that draw random numbers while they are trained.
  public internal(set) var key: Int?
  /// One `float32` scalar each, under its name.
  public internal(set) var hyperparameters = 0..<0
  /// For each objective term, the tensors it reads: for a proximal term, the parameters it holds on to.
  public internal(set) var terms: [Range<Int>] = []
}
