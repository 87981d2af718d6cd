// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Claims} from "./base/Claims.sol";
import {Roles} from "./base/Roles.sol";
import {IContributionLog} from "./interfaces/IContributionLog.sol";
import {ISettlements} from "./interfaces/ISettlements.sol";

/// @title Settlements
/// @notice See {ISettlements}.
/// @dev Who inherits says how funds come in, go back and are paid out. Invariants: a campaign's
/// `awarded + returned <= funded`; over all, `paid <= awarded`; what must be held is `funded - returned - paid`.
abstract contract Settlements is Claims {
    /// @dev One slot: all that a settlement reads and writes of a campaign beside its funds.
    struct Pay {
        uint120 awarded;
        uint40 noticedAt;
        bool finalised;
        bool closed;
    }

    struct Campaign {
        address opener;
        uint40 fundingDeadline;
        uint40 closingDate;
        uint120 goal;
        uint120 funded;
        Pay pay;
        uint120 returned;
        mapping(address backer => uint256) backing;
    }

    /// @dev One slot. `pendingSince` and `vetoedAt` are on the clock that stands still while paused.
    struct Progress {
        uint64 count;
        uint64 lastNumber;
        uint48 lastLogSize;
        uint40 pendingSince;
        uint40 vetoedAt;
    }

    /// @inheritdoc ISettlements
    IContributionLog public immutable CONTRIBUTION_LOG;
    /// @inheritdoc ISettlements
    bytes32 public immutable LOG_ID;
    /// @inheritdoc ISettlements
    uint64 public immutable SETTLEMENT_DELAY;
    /// @inheritdoc ISettlements
    uint64 public immutable GRACE;
    /// @inheritdoc ISettlements
    uint256 public constant MAX_CAMPAIGNS = 500;

    /// @dev Amounts stay below this, so that products of two fit.
    uint256 private constant AMOUNT_LIMIT = 1 << 120;
    uint64 private constant MAX_SETTLEMENT_DELAY = 90 days;

    mapping(bytes32 campaign => Campaign) private _campaigns;
    Progress private _progress;
    /// @dev Hash of the pending proposal, zero if none.
    bytes32 private _proposal;

    constructor(
        IContributionLog log,
        bytes32 logId,
        address admin_,
        address reporter_,
        address guardian_,
        uint64 settlementDelay
    ) Roles(admin_, reporter_, guardian_, 2 * settlementDelay + 1 hours) {
        if (settlementDelay == 0 || settlementDelay > MAX_SETTLEMENT_DELAY) revert BadSettlementDelay(settlementDelay);
        if (log.operatorOf(logId) == address(0)) revert IContributionLog.LogNotOpen(logId);
        CONTRIBUTION_LOG = log;
        LOG_ID = logId;
        SETTLEMENT_DELAY = settlementDelay;
        GRACE = ROLE_DELAY + 2 * settlementDelay + 1 days;
    }

    // ---- campaigns ----

    /// @inheritdoc ISettlements
    function openCampaign(bytes32 charter, uint256 goal, uint64 fundingDeadline, uint64 closingDate)
        external
        returns (bytes32 campaign)
    {
        if (goal >= AMOUNT_LIMIT) revert BadAmount(goal);
        if (closingDate > type(uint40).max) revert BadDates();
        if (goal == 0) fundingDeadline = closingDate;
        if (fundingDeadline <= block.timestamp || fundingDeadline > closingDate) revert BadDates();
        campaign = keccak256(abi.encode(msg.sender, LOG_ID, charter));
        Campaign storage c = _campaigns[campaign];
        if (c.opener != address(0)) revert CampaignAlreadyOpen(campaign);
        c.opener = msg.sender;
        c.fundingDeadline = uint40(fundingDeadline);
        c.closingDate = uint40(closingDate);
        c.goal = uint120(goal);
        emit CampaignOpened(campaign, msg.sender, charter, goal, fundingDeadline, closingDate);
    }

    /// @inheritdoc ISettlements
    function fund(bytes32 campaign, uint256 amount) external nonReentrant {
        _fund(campaign, amount);
    }

    /// @inheritdoc ISettlements
    function refund(bytes32 campaign) external nonReentrant returns (uint256 amount) {
        Campaign storage c = _campaigns[campaign];
        uint256 backing = c.backing[msg.sender];
        if (backing == 0) revert NotBacker(campaign, msg.sender);
        bool missed = block.timestamp > c.fundingDeadline && c.funded < c.goal;
        if (!missed && !_isFixed(c.pay)) revert NotRefundable(campaign);
        // A campaign that missed its goal has awarded nothing, so that its share is everything.
        amount = backing * (c.funded - c.pay.awarded) / c.funded;
        delete c.backing[msg.sender];
        c.returned += uint120(amount);
        _books.returned += uint128(amount);
        emit CampaignRefunded(campaign, msg.sender, amount);
        _giveBack(msg.sender, amount);
    }

    /// @inheritdoc ISettlements
    function giveNotice(bytes32 campaign) external {
        Campaign storage c = _campaigns[campaign];
        if (c.backing[msg.sender] == 0) revert NotBacker(campaign, msg.sender);
        if (block.timestamp <= c.closingDate || c.pay.noticedAt != 0 || _isFixed(c.pay)) {
            revert NoticeNotPossible(campaign);
        }
        uint256 clock = _clock();
        c.pay.noticedAt = uint40(clock);
        emit CampaignNotice(campaign, msg.sender, _blockTimeOf(clock + GRACE));
    }

    /// @inheritdoc ISettlements
    function closeAfterGrace(
        bytes32 campaign,
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external {
        Campaign storage c = _campaigns[campaign];
        if (c.backing[msg.sender] == 0) revert NotBacker(campaign, msg.sender);
        if (_isFixed(c.pay)) revert CampaignIsFinal(campaign);
        _requireGraceOver(campaign, c.pay.noticedAt);
        if (_proposal != 0) {
            _requirePending(number, proposalHash(number, parent, root, logSize, campaigns, totals, finals));
            for (uint256 i = 0; i < campaigns.length; ++i) {
                if (campaigns[i] == campaign) revert CampaignIsPending(campaign);
            }
        }
        c.pay.closed = true;
        emit CampaignClosed(campaign, msg.sender, c.pay.awarded);
    }

    // ---- settlements ----

    /// @inheritdoc ISettlements
    function propose(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external onlyRole(Role.Reporter) whenNotPaused {
        Progress memory progress = _progress;
        if (_proposal != 0) revert SettlementIsPending(progress.count);
        if (number != uint256(progress.count) + 1) revert WrongNumber(number, uint256(progress.count) + 1);
        if (parent != progress.lastNumber) revert WrongParent(parent, progress.lastNumber);
        uint256 anchored = CONTRIBUTION_LOG.size(LOG_ID);
        if (logSize < progress.lastLogSize || logSize > anchored) {
            revert WrongLogSize(logSize, progress.lastLogSize, anchored);
        }
        _requireTotals(campaigns, totals, finals);
        bytes32 proposal = proposalHash(number, parent, root, logSize, campaigns, totals, finals);
        _proposal = proposal;
        _progress.count = uint64(number);
        _progress.pendingSince = uint40(_clock());
        emit SettlementProposed(number, parent, root, logSize, proposal, campaigns, totals, finals);
    }

    /// @inheritdoc ISettlements
    function activate(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) external whenNotPaused {
        bytes32 proposal = proposalHash(number, parent, root, logSize, campaigns, totals, finals);
        _requirePending(number, proposal);
        uint256 readyAt = _blockTimeOf(_progress.pendingSince + SETTLEMENT_DELAY);
        if (block.timestamp < readyAt) revert DelayNotOver(readyAt);

        delete _proposal;
        _progress.lastNumber = uint64(number);
        _progress.lastLogSize = uint48(logSize);
        _root = root;
        uint256 totalAwarded = _books.awarded + _award(campaigns, totals, finals);
        _books.awarded = uint128(totalAwarded);
        emit SettlementActivated(number, proposal, root, totalAwarded);
    }

    /// @inheritdoc ISettlements
    function veto(uint256 number, string calldata reason) external onlyRole(Role.Guardian) {
        bytes32 proposal = _proposal;
        _requirePending(number, proposal);
        delete _proposal;
        _progress.vetoedAt = uint40(_clock());
        emit SettlementVetoed(number, proposal, reason);
    }

    // ---- views ----

    /// @inheritdoc ISettlements
    function campaignOf(bytes32 campaign) external view returns (CampaignRecord memory) {
        Campaign storage c = _campaigns[campaign];
        Pay memory pay = c.pay;
        return CampaignRecord({
            opener: c.opener,
            goal: c.goal,
            fundingDeadline: c.fundingDeadline,
            closingDate: c.closingDate,
            funded: c.funded,
            awarded: pay.awarded,
            returned: c.returned,
            noticedAt: pay.noticedAt,
            goalReached: c.opener != address(0) && c.funded >= c.goal,
            finalised: pay.finalised,
            closed: pay.closed
        });
    }

    /// @inheritdoc ISettlements
    function backingOf(bytes32 campaign, address backer) external view returns (uint256) {
        return _campaigns[campaign].backing[backer];
    }

    /// @inheritdoc ISettlements
    function pending() external view returns (uint256 number, bytes32 proposal, uint256 readyAt) {
        if (_proposal == 0) return (0, 0, 0);
        return (_progress.count, _proposal, _blockTimeOf(_progress.pendingSince + SETTLEMENT_DELAY));
    }

    /// @inheritdoc ISettlements
    function count() external view returns (uint256) {
        return _progress.count;
    }

    /// @inheritdoc ISettlements
    function lastActivated() external view returns (uint256 number, bytes32 root, uint256 logSize) {
        return (_progress.lastNumber, _root, _progress.lastLogSize);
    }

    /// @inheritdoc ISettlements
    function proposalHash(
        uint256 number,
        uint256 parent,
        bytes32 root,
        uint256 logSize,
        bytes32[] calldata campaigns,
        uint256[] calldata totals,
        bool[] calldata finals
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(number, parent, root, logSize, campaigns, totals, finals));
    }

    // ---- what a pool adds ----

    /// @dev Takes exactly `amount` from `backer`, or reverts.
    function _collect(address backer, uint256 amount) internal virtual;

    /// @dev Gives `amount` back to `backer`, or reverts.
    function _giveBack(address backer, uint256 amount) internal virtual;

    // ---- inner ----

    /// @dev Call it under the reentrancy guard only.
    function _fund(bytes32 campaign, uint256 amount) internal {
        Campaign storage c = _campaigns[campaign];
        if (c.opener == address(0)) revert CampaignNotOpen(campaign);
        if (block.timestamp > c.fundingDeadline || _isFixed(c.pay)) revert FundingIsOver(campaign);
        if (amount == 0 || amount >= AMOUNT_LIMIT) revert BadAmount(amount);
        uint256 totalFunded = c.funded + amount;
        uint256 sum = _books.funded + amount;
        if (totalFunded >= AMOUNT_LIMIT || sum > type(uint128).max) revert BadAmount(amount);
        c.funded = uint120(totalFunded);
        c.backing[msg.sender] += amount;
        _books.funded = uint128(sum);
        emit CampaignFunded(campaign, msg.sender, amount, totalFunded);
        _collect(msg.sender, amount);
    }

    /// @dev Reverts unless the lists are well formed and each total is one that its campaign can bear.
    function _requireTotals(bytes32[] calldata campaigns, uint256[] calldata totals, bool[] calldata finals)
        private
        view
    {
        if (campaigns.length > MAX_CAMPAIGNS) revert BadLength();
        if (campaigns.length != totals.length || campaigns.length != finals.length) revert BadLength();
        bytes32 previous = 0;
        for (uint256 i = 0; i < campaigns.length; ++i) {
            bytes32 campaign = campaigns[i];
            if (campaign <= previous) revert NotAscending(campaign);
            previous = campaign;
            Campaign storage c = _campaigns[campaign];
            if (c.opener == address(0)) revert CampaignNotOpen(campaign);
            Pay memory pay = c.pay;
            if (_isFixed(pay)) revert CampaignIsFinal(campaign);
            uint256 limit = c.funded >= c.goal ? c.funded : 0;
            if (totals[i] < pay.awarded || totals[i] > limit) {
                revert WrongTotal(campaign, totals[i], pay.awarded, limit);
            }
        }
    }

    /// @dev Writes what `_requireTotals` admitted; returns the sum by which the awards grew.
    function _award(bytes32[] calldata campaigns, uint256[] calldata totals, bool[] calldata finals)
        private
        returns (uint256 growth)
    {
        uint40 clock = uint40(_clock());
        for (uint256 i = 0; i < campaigns.length; ++i) {
            Campaign storage c = _campaigns[campaigns[i]];
            Pay memory pay = c.pay;
            growth += totals[i] - pay.awarded;
            pay.awarded = uint120(totals[i]);
            pay.finalised = finals[i];
            if (pay.noticedAt != 0) pay.noticedAt = clock;
            c.pay = pay;
        }
    }

    function _requirePending(uint256 number, bytes32 proposal) private view {
        if (_proposal == 0 || number != _progress.count || proposal != _proposal) revert NotPending(number, proposal);
    }

    function _requireGraceOver(bytes32 campaign, uint256 noticedAt) private view {
        if (noticedAt == 0) revert GraceNotOver(campaign, type(uint256).max);
        uint256 begin = noticedAt > _progress.vetoedAt ? noticedAt : _progress.vetoedAt;
        uint256 closableAt = _blockTimeOf(begin + GRACE);
        if (block.timestamp < closableAt) revert GraceNotOver(campaign, closableAt);
    }

    /// @dev Whether the campaign's pay can never change again.
    function _isFixed(Pay memory pay) private pure returns (bool) {
        return pay.finalised || pay.closed;
    }
}
