import Foundation

/// Whether a port can be listened on, and whether one answers.
enum PortProbe {
  /// nil if it can; else the system's error.
  static func failureToListen(on address: ServerAddress) -> Int32? {
    guard case .found(let descriptor, let place) = Socket.open(address, numeric: true) else { return EADDRNOTAVAIL }
    defer { close(descriptor) }
    var on: Int32 = 1
    // As servers do, which take a port over from one that has just ended.
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    return place.call { bind(descriptor, $0, $1) } == 0 && listen(descriptor, 1) == 0 ? nil : errno
  }

  /// nil if a connection comes about; else why it does not.
  static func failureToConnect(to address: ServerAddress, timeoutMilliseconds: Int32 = 3000) -> String? {
    switch Socket.open(address, numeric: false) {
    case .none(let reason): return reason
    case .found(let descriptor, let place):
      defer { close(descriptor) }
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
      if place.call({ connect(descriptor, $0, $1) }) == 0 { return nil }
      guard errno == EINPROGRESS else { return String(cString: strerror(errno)) }
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard poll(&wait, 1, timeoutMilliseconds) == 1 else {
        return "no answer in \(timeoutMilliseconds / 1000) seconds"
      }
      var failure: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
      return failure == 0 ? nil : String(cString: strerror(failure))
    }
  }
}

/// A socket and the address that it is for.
private enum Socket {
  case found(Int32, Place)
  case none(String)

  struct Place {
    var storage = sockaddr_storage()
    var count: socklen_t = 0

    func call(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
      withUnsafePointer(to: storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, count) }
      }
    }
  }

  /// - Parameter numeric: whether names are left unresolved.
  static func open(_ address: ServerAddress, numeric: Bool) -> Socket {
    var hints = addrinfo()
    #if canImport(Glibc)
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
    hints.ai_socktype = SOCK_STREAM
    #endif
    hints.ai_flags = numeric ? AI_NUMERICHOST : 0
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address.host, "\(address.port)", &hints, &list)
    guard status == 0, let info = list?.pointee, let source = info.ai_addr else {
      return .none("\(address.host) is not known: \(String(cString: gai_strerror(status)))")
    }
    defer { freeaddrinfo(list) }
    var place = Place()
    place.count = info.ai_addrlen
    withUnsafeMutableBytes(of: &place.storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: min($0.count, Int(info.ai_addrlen))))
    }
    let descriptor = socket(info.ai_family, info.ai_socktype, info.ai_protocol)
    return descriptor < 0 ? .none(String(cString: strerror(errno))) : .found(descriptor, place)
  }
}
