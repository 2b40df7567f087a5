/// This release of Roost: of the server, its command line and its agent.
package enum Release {
    package static let version = "0.2.0"
}
