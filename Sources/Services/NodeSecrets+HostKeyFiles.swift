package import Fleet
package import Sealing

extension NodeSecrets {
    /// The files of a node's SSH host key.
    package func hostKeyFiles(of node: NodeName, number: Int) -> HostKeyFiles {
        let key = hostKey(of: node.text, number: number)
        return HostKeyFiles(privateFile: key.privateFile, publicLine: key.publicLine)
    }
}
