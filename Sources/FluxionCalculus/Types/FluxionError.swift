/// An error a user can act on: a stable code, one sentence that says what was wrong, where, and what would be right,
/// and the error that caused it if there was one.
///
/// ```swift
/// do {
///   let parties = try dataset.partitioned(.iid, parties: 0, seed: 1)
/// } catch let error as FluxionError where error.code == .invalidArgument {
///   print(error.message)
/// }
/// ```
public struct FluxionError: Error, Sendable {
  /// What kind of thing went wrong; new codes may be added.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// Shapes or element types that an operator cannot take.
    public static let shapeMismatch = Code("shape-mismatch")
    /// A value outside what the callee accepts.
    public static let invalidArgument = Code("invalid-argument")
    /// A configuration (flag, YAML key or value) that names nothing known or cannot hold.
    public static let invalidConfiguration = Code("invalid-configuration")
    /// A file, message or program whose bytes are not what they claim to be.
    public static let corruptData = Code("corrupt-data")
    /// A file or directory that is not there or cannot be read.
    public static let notFound = Code("not-found")
    /// A result that could not be written.
    public static let cannotWrite = Code("cannot-write")
    /// Training that left the finite numbers.
    public static let diverged = Code("diverged")
    /// A file or folder that another process is using.
    public static let inUse = Code("in-use")
    /// An identity, or a lack of one, that does not allow what was asked for.
    public static let unauthorized = Code("unauthorized")
    /// A request that is well formed but that this build or machine cannot serve.
    public static let unsupported = Code("unsupported")
    /// Others who are needed are not there, or did not answer in time.
    public static let unavailable = Code("unavailable")
  }

  public var code: Code
  public var message: String
  public var cause: (any Error)?

  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}

extension FluxionError: CustomStringConvertible {
  public var description: String {
    guard let cause else { return message }
    return "\(message) (\(cause))"
  }
}
