public import FluxionCalculus

/// `u = 3/2 gₜ − 1/2 gₜ₋₁`, and `u = g` at the first step: the explicit two-step method for the gradient flow
/// `dw/dt = −∇f` (Bashforth and Adams 1883; Hairer, Nørsett and Wanner 1993, III.1).
public struct AdamsBashforth: GradientTransform {
  public init() {}

  public func initialState(for parameters: [Program.Input]) -> [StateSpec] {
    [StateSpec("adams-bashforth.started", .scalar)] + StateSpec.like(parameters, "adams-bashforth.previous")
  }

  public func update(
    _ gradients: [Tensor], state: [Tensor], parameters: [Tensor], hyper: HyperparameterTensors
  ) -> (updates: [Tensor], state: [Tensor]) {
    // 0 at the first step and ½ at every later one.
    let half = 0.5 * state[0]
    let updates = zip(gradients, state.dropFirst()).map { g, previous in g + half * (g - previous) }
    return (updates, [1] + gradients)
  }
}
