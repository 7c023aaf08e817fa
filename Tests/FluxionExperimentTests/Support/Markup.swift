import Foundation
#if canImport(FoundationXML)
import FoundationXML
#endif

/// An element of a parsed page or picture.
final class Element {
  let name: String
  let attributes: [String: String]
  fileprivate(set) var children: [Element] = []
  fileprivate(set) var ownText = ""

  init(name: String, attributes: [String: String]) {
    self.name = name
    self.attributes = attributes
  }

  /// This element and all in it, in the order of the text.
  var all: [Element] { [self] + children.flatMap(\.all) }
  /// The text in it and all in it.
  var text: String { ownText + children.map(\.text).joined() }

  func all(_ name: String, class kind: String? = nil) -> [Element] {
    all.filter { element in
      element.name == name
        && (kind.map { element.attributes["class"]?.split(separator: " ").contains(Substring($0)) == true } ?? true)
    }
  }
}

/// The root element of XML, nil if it is not well formed. The pages here are XML but for their doctype and `meta`,
/// which end themselves too.
func parsed(_ xml: String) -> Element? {
  let builder = Builder()
  let parser = XMLParser(data: Data(xml.replacing("<!doctype html>", with: "").utf8))
  parser.delegate = builder
  return parser.parse() ? builder.root : nil
}

private final class Builder: NSObject, XMLParserDelegate {
  var root: Element?
  private var stack: [Element] = []

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    let element = Element(name: name, attributes: attributes)
    stack.last?.children.append(element)
    if root == nil { root = element }
    stack.append(element)
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    stack.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) { stack.last?.ownText += text }
}
