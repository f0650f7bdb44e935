// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// A contract wallet of one owner that answers ERC-1271; also what a delegated account points to.
contract Wallet {
    address public immutable OWNER;

    constructor(address owner) {
        OWNER = owner;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) return 0xffffffff;
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        return ecrecover(digest, uint8(signature[64]), r, s) == OWNER ? this.isValidSignature.selector : bytes4(0);
    }

    function act(address target, bytes calldata data) external {
        require(msg.sender == OWNER, "not the owner");
        (bool done,) = target.call(data);
        require(done, "refused");
    }
}

/// Answers whatever it was made with, or reverts with it.
contract OddWallet {
    bytes internal answer;
    bool internal reverts;

    constructor(bytes memory answer_, bool reverts_) {
        answer = answer_;
        reverts = reverts_;
    }

    fallback() external {
        bytes memory out = answer;
        if (reverts) {
            assembly ("memory-safe") {
                revert(add(out, 0x20), mload(out))
            }
        }
        assembly ("memory-safe") {
            return(add(out, 0x20), mload(out))
        }
    }
}

/// Answers with the first bytes of the magic word, one short of a whole word.
contract CutWallet {
    fallback() external {
        assembly ("memory-safe") {
            mstore(0, 0x1626ba7e00000000000000000000000000000000000000000000000000000000)
            return(0, 0x1f)
        }
    }
}

/// Tries to publish in its own name while it is asked about a signature.
contract ReentrantWallet {
    address internal immutable REGISTRY;
    bytes internal head;

    constructor(address registry, bytes memory head_) {
        REGISTRY = registry;
        head = head_;
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        bytes memory attack =
            abi.encodeWithSignature("publish(address,string,uint32,bytes)", address(this), "my-model", 9, head);
        (bool done,) = REGISTRY.call(attack);
        return done ? bytes4(0x1626ba7e) : bytes4(0);
    }
}
