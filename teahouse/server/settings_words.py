"""What each setting of the program is, in Chinese; `environ.py` says it in English."""

from __future__ import annotations

from typing import Final

SETTINGS_IN_CHINESE: Final = {
    "TEAHOUSE_CONFIG": "设置文件，每行一个 NAME=value。",
    "TEAHOUSE_DATA": "数据库、密钥和备份所在的文件夹。",
    "TEAHOUSE_URL": "站点地址，即人们输入的地址。",
    "TEAHOUSE_HOST": "监听地址。",
    "TEAHOUSE_PORT": "监听端口；0 表示任意空闲端口。",
    "TEAHOUSE_WORKERS": "服务进程数；多于一个需要 PostgreSQL 和 Redis。",
    "TEAHOUSE_PROXIES": "前面的代理，其 X-Forwarded-For 和 -Proto 可信。",
    "DATABASE_URL": "数据库；不设则用数据文件夹中的 SQLite。",
    "TEAHOUSE_DATABASE_CONNECTIONS": "每个进程最多的 PostgreSQL 连接数。",
    "TEAHOUSE_ALLOW_DATA_LOSS": "即使 PostgreSQL 会丢失已确认的内容（fsync 关闭）也启动。",
    "REDIS_URL": "Redis，多个进程借它立即互通消息。",
    "TEAHOUSE_SECRET_KEY": "为登录和凭证签名；不设则生成一次并保存。",
    "TEAHOUSE_GUESTS": "没有账户的人可在公开房间发言。",
    "TEAHOUSE_GUEST_ROOMS": "访客访问即可创建公开房间。",
    "TEAHOUSE_PEOPLE": "登录的人能找到谁：所有人，或只有同在一个房间的人。",
    "TEAHOUSE_INVITATIONS": "谁可以邀请：owner（主人）或 everyone（所有有账户的人）。",
    "TEAHOUSE_LIMITS": "与默认不同的限制；off 取消频率限制（不取消大小限制）。",
    "TEAHOUSE_PING": "会话两次 ping 之间的秒数。",
    "TEAHOUSE_COMPRESSION": "压缩 WebSocket 上的内容，适合网络慢或按流量计费的客户端。",
    "TEAHOUSE_HOOKS_INNER": "Webhook 可以访问的内部网段；不设则一个也不行。",
    "TEAHOUSE_METRICS_TOKEN": "Prometheus 读取 /metrics 上的数据时出示的令牌；站点主人不需要它。",
    "TEAHOUSE_LANGUAGE": "浏览器未指定语言时页面的语言。",
    "TEAHOUSE_TIME_ZONE": "服务器显示时间所用时区，如 /admin/ 中。",
    "TEAHOUSE_LOG_LEVEL": "日志的最低级别。",
    "TEAHOUSE_ACCESS_LOG": "为每个请求写一行日志。",
    "TEAHOUSE_MAIL_URL": "发邮件的服务器；不设则邮件写入日志。",
    "TEAHOUSE_MAIL_FROM": "邮件的发件人。",
}
