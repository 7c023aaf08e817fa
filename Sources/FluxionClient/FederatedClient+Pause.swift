import Synchronization

extension FederatedClient {
  /// What the client is doing, and why if it is nothing.
  ///
  /// It has the app's word at once; the connection is left when ``progress`` has told so.
  public var state: State {
    let phase = shared.withLock { $0.phase }
    if phase == .ended { return .ended }
    if let reason = permit.hindrance { return .paused(reason) }
    return phase == .ready ? .ready : .running
  }

  /// What the app has said of the device.
  public var conditions: Conditions { permit.conditions }

  /// Stops the client until ``resume()``, also before it runs.
  ///
  /// It leaves the server without a word and reaches for none. Training waits before its next step, with what it has
  /// computed; an update that the server has not acknowledged is kept. Back with the server the client goes on with both,
  /// and the update counts once. A round that waits for the client is not told; it ends without it at its deadline.
  ///
  /// ```swift
  /// case .background: client.pause()
  /// case .active: client.resume()
  /// ```
  public func pause() { permit.pause() }

  /// Takes a ``pause()`` back. The client goes on if its requirements are met.
  public func resume() { permit.resume() }

  /// Says what the device is in. While ``Configuration/requirements`` are not met the client is paused as by ``pause()``,
  /// and when they are it goes on by itself.
  ///
  /// The library asks no system, since each has its own way. On Apple's platforms:
  ///
  /// ```swift
  /// for await path in NWPathMonitor() {
  ///   client.updateConditions(
  ///     network: path.status != .satisfied ? .offline : path.isExpensive || path.isConstrained ? .metered : .unmetered)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - network: nil if there is nothing new.
  ///   - power: nil if there is nothing new. A level that is unknown, such as −1, meets no requirement.
  public func updateConditions(network: Conditions.Network? = nil, power: Conditions.Power? = nil) {
    permit.update(network, power)
  }
}
