### Тексты частей, которые загружаются позже: страниц, окон, меню.

## Список чатов
list-nothing-found = Ничего не найдено
row-mark-read = Отметить прочитанным
row-mark-unread = Отметить непрочитанным
row-pin = Закрепить
row-unpin = Открепить
row-mute = Без звука
row-unmute = Со звуком
row-leave = Покинуть чат
row-leave-confirm = Покинуть «{ $name }»?
row-leave-hint = Вы перестанете получать сообщения из него.

## Переписка
message-discard = Удалить
message-reply = Ответить
message-edit = Изменить
message-delete = Удалить

## Новый чат и группа
new-private-title = Новый личный чат
new-group-title = Новая группа
new-join-title = Войти по адресу
new-address = @имя:сервер
new-address-hint = Полный адрес человека, например @ann:example.org
new-address-invalid = Напишите адрес так: @имя:сервер.
new-address-self = Это ваш собственный адрес.
new-room-address = #группа:сервер
new-room-invalid = Напишите адрес так: #группа:сервер или !id:сервер.
new-group-name = Название группы
new-group-people = Люди
new-create = Создать
new-start = Начать чат
new-join = Вступить
new-checking = Ищем профиль...
new-found = Профиль найден
new-not-found = Профиля по этому адресу нет. Можно всё же попробовать написать.

## О группе
info-title = О группе
info-title-person = Информация
info-address = Адрес
info-id = Id группы
info-members = Участники
info-topic = Описание
info-notifications = Уведомления
info-leave = Покинуть группу
info-edit = Изменить
info-edit-name = Название группы
info-save = Сохранить
info-invite = Пригласить
info-invite-title = Приглашение в группу
info-remove = Исключить из группы
info-remove-confirm = Исключить { $name } из группы?
info-ban = Заблокировать
info-ban-confirm = Заблокировать { $name }?
info-message = Написать
info-role-invited = Приглашение отправлено
info-encrypted = Зашифрован

page-back = Назад
page-next = Далее
load-more = Показать ещё
order-up = Выше
order-down = Ниже

## Настройки
settings-edit-profile = Изменить профиль
settings-profile = Мой профиль
settings-photo = Сменить фото
settings-photo-remove = Удалить фото
settings-name = Имя
settings-name-note = Ваше имя и фото видят все, с кем у вас есть общие чаты.
settings-saved = Сохранено
settings-notifications = Уведомления и звуки
settings-privacy = Приватность и безопасность
settings-sessions = Устройства
settings-appearance = Оформление
settings-folders = Папки с чатами
settings-language = Язык
settings-storage = Данные и память
settings-keyboard = Клавиатура
notify-here = На этом устройстве
notify-desktop = Уведомления на рабочем столе
notify-cards = Карточки на странице
notify-sound = Звук
notify-send-sound = Звук при отправке
notify-volume = Громкость
notify-previews = Показывать текст сообщений
notify-blocked = Браузер не разрешает уведомления этой страницы.
notify-of = Уведомлять меня о
notify-private = Личных чатах
notify-groups = Группах
notify-exceptions = Исключения
notify-reset = Сбросить
privacy-blocked = Заблокированные
privacy-password = Сменить пароль
privacy-password-new = Новый пароль
privacy-others = Другие видят
privacy-presence = Что я в сети
privacy-receipts = Что я прочитал
privacy-typing = Что я печатаю
privacy-invites = Разрешать приглашать меня в чаты
privacy-note = То, что вы скрываете, скрыто и на других серверах.
close-account = Удалить учётную запись
close-account-yes = Удалить навсегда
close-account-hint = { $address } покинет все чаты и больше не сможет войти, и это имя больше никто не получит. Написанное останется у тех, у кого оно есть.
close-account-erase = Скрыть мои сообщения
close-account-erase-hint = От тех, кто придёт в чат позже
blocked-empty = Никто не заблокирован
blocked-hint = Вы не видите сообщений и приглашений от заблокированных.
sessions-this = Это устройство
sessions-others = Другие устройства
sessions-end = Выйти
sessions-end-others = Выйти на всех других устройствах
sessions-rename = Переименовать
sessions-name = Название устройства
look-theme = Тема
look-light = Светлая
look-dark = Тёмная
look-contrast = Высокий контраст
look-contrast-note = С высоким контрастом мелкий текст читать легче.
look-calm = Меньше движения
look-hours = Время
look-hours-24 = 24 часа: 14:02
look-hours-12 = 12 часов: 2:02 PM
look-size = Размер текста
look-sample = Так будут выглядеть сообщения.
storage-used = Занято этой страницей
storage-free = Свободно
storage-photos = Фотографии
storage-films = Видео
storage-sounds = Музыка и голосовые
storage-files = Другие файлы
storage-messages = Сообщения
storage-page = Сама страница
storage-kept = Сохранённые файлы
storage-clear-kind = Нажмите, чтобы очистить
storage-clear = Удалить сохранённые фото и файлы
storage-cleared = Сохранённые файлы удалены
storage-note = Фото и файлы хранятся на устройстве, чтобы открываться сразу. На сервере они остаются.
keys-chats = Чаты
keys-chat = В чате
keys-writing = Набор текста
keys-search = Поиск
keys-next = Следующий чат
keys-previous = Предыдущий чат
keys-next-unread = Следующий непрочитанный
keys-previous-unread = Предыдущий непрочитанный
keys-folder = Папка от 1 до 9
keys-saved = Избранное
keys-mute = Отключить звук чата
keys-close = Закрыть то, что сверху
keys-help = Эта страница
keys-search-chat = Поиск в чате
keys-edit-last = Изменить последнее сообщение
keys-reply = Ответить на сообщение выше
keys-reply-below = Ответить на сообщение ниже
keys-scroll = Прокрутить сообщения
keys-ends = Первое из загруженных, самое новое сообщение
keys-menu = Меню чата или сообщения в фокусе
keys-bold = Жирный
keys-italic = Курсив
keys-underline = Подчёркнутый
keys-strike = Зачёркнутый
keys-mono = Моноширинный
keys-spoiler = Скрытый
keys-link = Ссылка
keys-viewing = Фото и видео
keys-leaf = Предыдущее и следующее
keys-zoom = Крупнее, мельче, как было
keys-play = Воспроизвести или остановить
keys-seek = На 10 секунд назад или вперёд
keys-sound = Включить или выключить звук
keys-whole = Во весь экран
reader-title = С программой чтения экрана
reader-places = На странице три части: ваши чаты, открытый чат и сведения рядом с ним. Каждая – ориентир.
reader-chats = Ваши чаты – список: стрелки ходят по нему, Enter открывает чат.
reader-messages = Сообщения – журнал: перейдите в него клавишей Tab, дальше стрелки ходят от сообщения к сообщению.
reader-new = Что другие пишут в открытом чате, читается вслух, когда приходит. Загруженное из прошлого – нет.
folders-note = Каждая папка и каждое ваше пространство – вкладка над чатами, на всех ваших устройствах. Порядок меняется перетаскиванием.
folders-empty = Папок пока нет
folders-emoji = Эмодзи папки
folders-without-muted = Без чатов без звука
folders-without-read = Без прочитанных чатов
folders-without-archived = Без архивных чатов
folders-chats = Чаты папки
folders-include = Всегда в ней ({ $count })
folders-exclude = Никогда в ней ({ $count })
folders-space-hidden = Пространство без вкладки
contacts-empty = Контактов пока нет
contacts-hint = Здесь появятся люди, с которыми вы переписываетесь.
archive-empty = Архив пуст
archive-hint = Чаты попадают сюда из их меню.

## Люди
person-open = Открыть профиль
person-foreign = На другом сервере
person-contact-add = Добавить в контакты
person-contact-edit = Изменить контакт
person-contact-name = Ваше имя для этого человека
person-contact-remove = Удалить
person-block = Заблокировать
person-block-confirm = Заблокировать { $name }?
person-unblock = Разблокировать
person-unblock-confirm = Разблокировать { $name }?
person-report = Пожаловаться
person-reported = Спасибо. Администраторы посмотрят.
person-common = { $count ->
    [one] { $count } общая группа
    [few] { $count } общие группы
   *[other] { $count } общих групп
  }
picker-search = Имя или @name:server
picker-search-number = Имя, @имя:сервер или номер телефона
number-chat = Написать на этот номер
number-chat-ask = Написать на { $number }?
number-chat-hint = Мы пригласим того, у кого этот номер. У кого нет учётной записи, получит сообщение.
picker-number = Пригласить по номеру; у кого нет учётной записи, получит сообщение

## Группы
group-photo = Фото группы
group-access = Кто может вступить
group-roles = Роли
group-links = Ссылки-приглашения
group-banned = Забаненные
group-requests = Заявки на вступление
group-log = Последние действия
group-close = Удалить группу для всех
group-close-confirm = Удалить «{ $name }» для всех?
group-close-hint = Все участники будут удалены, и вернуться будет нельзя.
access-private = Закрытая
access-knock = По заявке
access-private-hint = Вступить могут только приглашённые.
access-knock-hint = Подать заявку может каждый; решают те, кто может приглашать.
access-public-hint = Каждый может найти группу и вступить.
access-name = Публичное имя
access-name-hint = Адрес будет { $address }
access-name-free = Это имя свободно
access-name-taken = Это имя занято
access-name-bad = Используйте строчные буквы, цифры, точки, дефисы и подчёркивания.
roles-note = Высшая роль стоит первой. Участники с ролью стоят выше тех, у кого роли ниже.
roles-unsaved = Есть несохранённые изменения
roles-reset = Сбросить
role-new = Новая роль
role-new-name = Новая роль
role-name = Название роли
role-colour = Цвет
role-no-colour = Без цвета
role-remove = Удалить роль
role-remove-confirm = Удалить роль «{ $name }»?
role-everyone = Все участники
role-owner-sub = Может всё
role-local-only = Соблюдает только этот сервер
role-holders = { $count ->
    [one] { $count } участник
    [few] { $count } участника
   *[other] { $count } участников
  }
permission-send = Писать сообщения
permission-media = Отправлять фото и файлы
permission-links = Отправлять ссылки
permission-react = Ставить реакции
permission-pin = Закреплять сообщения
permission-invite = Приглашать людей
permission-kick = Удалять людей
permission-ban = Банить людей
permission-redact = Удалять чужие сообщения
permission-info = Менять название, фото и описание
permission-roles = Управлять ролями ниже
permission-mention_all = Уведомлять всех
permission-call = Начинать звонки
member-roles = Роли
member-roles-of = Роли: { $name }
member-mute-hour = Запретить писать на час
member-mute-day = Запретить писать на день
member-unmute = Разрешить писать
member-muted = Не может писать
leave-last-owner = Только вы управляете «{ $name }». Что с ней станет?
leave-hand-over = Передать
leave-hand-over-hint = Выберите участника, затем «Ранг», и сделайте его владельцем
leave-anyway = Уйти без владельца
member-rank = Ранг
member-rank-none = Участник
removal-reason = Причина
removal-messages = Сообщения участника
removal-none = Оставить сообщения
removal-day = Удалить за последние 24 часа
removal-all = Удалить все
log-anyone = Все
log-by = Кто
group-technical = Технические сведения
group-version = Версия комнаты
group-denied = Серверы без доступа
banned-empty = Никто не забанен
ban-by = { $name }, { $when }
ban-lift = Разбанить
ban-lift-confirm = Разбанить { $name }?
requests-empty = Заявок нет
request-accept = Принять
links-note = По ссылке в группу может вступить каждый, у кого она есть, от вашего имени.
link-new = Новая ссылка
link-name = Название ссылки
link-limit = Число использований
link-life = Действует
life-never = Без срока
life-hour = Час
life-day = День
life-week = Неделю
link-uses = { $count ->
    [one] { $count } использование
    [few] { $count } использования
   *[other] { $count } использований
  }
link-of = из { $count }
link-until = до { $when }
link-approval = С одобрением
link-copy = Скопировать ссылку
link-revoke = Отозвать ссылку
invite-blocked = не принимает приглашения
invite-number-denied = не получает сообщений от этого сервера
invite-number-limit = на сегодня приглашено достаточно номеров
log-all = Все
log-members = Участники
log-settings = Настройки
log-roles = Роли
log-empty = Пока ничего
info-shared = Участники и вложения
shared-media = Медиа
shared-files = Файлы
shared-links = Ссылки
shared-music = Музыка
shared-voice = Голос
shared-empty-media = Нет фото и видео
shared-empty-files = Нет файлов
shared-empty-links = Нет ссылок
shared-empty-music = Нет музыки
shared-empty-voice = Нет голосовых сообщений

## Поиск, обзор
search-all = Всё
search-people = Люди
search-groups = Группы
search-messages = Сообщения
search-media = Медиа
search-files = Файлы
search-links = Ссылки
search-voice = Голос
search-chats = Чаты и контакты
search-address = Открыть этот адрес
search-failed = Поиск не удался
search-by = От кого
search-count = { $at } из { $total }
search-older = Раньше
search-newer = Позже
search-recent = Вы искали
search-forget = Забыть эти запросы
row-new-tab = Открыть в новой вкладке
filter-label = Фильтры
filter-me = Я
filter-in = В чате
filter-when = Дата
filter-kind = Вид
filter-week = Последние 7 дней
filter-month = Последние 30 дней
filter-choose = Выбрать дни
filter-first = Выберите первый день
filter-last = { $day } – выберите последний день или ищите только в этот
filter-days = { $first } – { $last }
filter-take = Искать
filter-clear = Убрать фильтр «{ $filter }»
explore-server = Сервер
explore-server-hint = Пусто — { $server }
explore-empty = Публичных групп не найдено
crop-title = Выберите, что показать
crop-label = Картинка под рамкой: стрелки двигают её, плюс и минус меняют масштаб
crop-zoom = Масштаб
crop-done = Готово
space-title = Пространство
space-rooms = Комнаты
space-empty = Здесь пока нет комнат
space-join = Вступить в пространство
space-in = Вы участник
space-asked = Запрос отправлен
space-by-invitation = По приглашению
space-tab = Показывать вкладкой
space-leave = Покинуть пространство
space-leave-hint = Вы останетесь в его комнатах. Вернуться можно только по приглашению или если оно публичное.

## Media in messages
media-speed = Скорость
media-volume = Громкость
media-mute = Выключить звук
media-next = Следующее
media-previous = Предыдущее
media-fullscreen = Во весь экран
media-pip = Картинка в картинке
media-zoom-in = Увеличить
media-zoom-out = Уменьшить
media-rotate = Повернуть
media-viewer = Просмотр медиа
media-show-in-chat = Показать в чате
media-player = Проигрыватель
media-close-player = Закрыть проигрыватель

## Acting on messages
message-forward = Переслать
message-pin = Закрепить
message-unpin = Открепить
message-star = Добавить в избранное
message-unstar = Убрать из избранного
message-select = Выбрать
message-copy-link = Скопировать ссылку
message-save = Сохранить в заметки
message-saved = Сохранено в заметки
message-more-reactions = Другие реакции
select-count = Выбрано: { $count }
select-close = Закончить выбор
select-copy = Скопировать
forward-title = Переслать...
forward-search = Поиск чатов
forward-comment = Добавить комментарий
forward-hide-sender = Скрыть имя отправителя
forward-hide-captions = Скрыть подписи
forward-send = Отправить
forward-done = Переслано: { $name }
forward-encrypted = Зашифрован: отправить нельзя
pins-title = Закреплённое сообщение
pins-title-number = Закреплённое сообщение №{ $number }
pins-unpin = Открепить это сообщение
pins-list = Все закреплённые сообщения
pins-unpin-all = Открепить все
stars-title = Избранные сообщения
stars-empty = Пока нет избранных сообщений
chat-seen-by = Просмотрели
reactions-title = Реакции
chat-jump-liked = К реакции
wallpaper-title = Фон чата
wallpaper-number = Цвета { $number }
wallpaper-own = Своё изображение
wallpaper-remove = Убрать изображение
welcome-wave = Помахать рукой
welcome-saved = Заметки, файлы и сообщения для себя.
welcome-share = Скопировать ссылку
welcome-invite = Пригласить людей
talk-double = Двойной щелчок по сообщению
talk-double-react = Реакция
talk-favourite = Первая реакция
talk-hover = Кнопки рядом с сообщением под курсором
talk-trace = Показывать в группах, где сообщения удалены

## Writing
send-title-photo = Отправить { $count ->
    [one] фото
   *[other] { $count } фото
  }
send-title-file = Отправить { $count ->
    [one] { $count } файл
    [few] { $count } файла
   *[other] { $count } файлов
  }
send-caption = Подпись
send-as-file = Отправить как файлы
send-as-album = Отправить альбомом
send-remove = Убрать
send-preparing = Подготовка...
emoji-search = Поиск эмодзи
emoji-recent = Недавние
emoji-people = Смайлы и люди
emoji-nature = Животные и природа
emoji-food = Еда и напитки
emoji-travel = Путешествия и места
emoji-activities = Занятия
emoji-objects = Предметы
emoji-symbols = Символы
emoji-flags = Флаги
wordings-title = История изменений

## Главное меню, архив, папки, уведомления
settings-title = Настройки
row-archive = В архив
row-unarchive = Из архива
mute-hour = На час
mute-hours = На 8 часов
mute-week = На неделю
mute-forever = Пока не включу
mute-mentions = Только упоминания
order-pin-up = Выше
order-pin-down = Ниже
notify-all = Все сообщения
notify-mentions = Только упоминания
notify-none = Выключены
starred-title = Отмеченные
message-retry-all = Отправить все ещё раз
message-discard-all = Удалить все неотправленные

## Вход по номеру телефона
phone-country = Страна
phone-country-none = Такой страны нет
phone-number = Номер телефона
phone-number-hint = Проверьте страну и введите номер телефона. Код придёт в сообщении.
phone-number-wrong = Это не номер телефона. Проверьте его.
phone-number-denied = На этот номер сервер сообщений не шлёт. Проверьте его или войдите иначе.
phone-limit = { $seconds ->
    [one] Слишком много запросов кода. Повторите через { $seconds } секунду.
    [few] Слишком много запросов кода. Повторите через { $seconds } секунды.
   *[many] Слишком много запросов кода. Повторите через { $seconds } секунд.
  }
phone-down = Сейчас сообщения не отправляются. Повторите через минуту или войдите иначе.
phone-check-down = Сейчас код нельзя проверить. Повторите через минуту.
phone-edit = Изменить номер
phone-code = Код
phone-code-hint = Сообщение с кодом отправлено.
phone-code-wrong = Это не тот код.
phone-code-spent = Слишком много неверных кодов. Запросите новый.
phone-code-late = Код устарел. Запросите новый.
phone-resend = Отправить другой код
phone-resend-in = Другой код через { $seconds } с
phone-name-title = Ваше имя
phone-name-hint = Учётной записи с этим номером ещё нет. Как вас называть?
phone-name = Имя
phone-username = Имя пользователя (необязательно)
phone-username-hint = По нему вас найдут без номера.
phone-password-title = Ваш пароль
phone-password-hint = Эта учётная запись просит ещё и пароль.
phone-password-idle = Этой учётной записью давно не пользовались. Если она ваша, введите пароль.
phone-not-mine = Это не моя учётная запись
phone-more-title = Это вы?
phone-more-hint = Откройте приложение там, где вы уже вошли, и введите там это число.
phone-more-alone = На новом устройстве одного номера для этой учётной записи мало.
phone-more-waiting = Ждём вашего ответа там
phone-more-refused = На другом устройстве вам отказали. Чтобы попробовать снова, запросите новый код.
phone-more-due = Один номер откроет эту учётную запись с { $date }, если никто не возразит. Вернитесь тогда.
phone-more-use-device = С другого устройства
phone-recover = Такого устройства у меня больше нет
phone-recover-neither = Нет ни того ни другого
phone-recover-hint = Тогда учётная запись откроется по одному номеру через семь дней. До того это видно на всех её устройствах, и с каждого можно отказать.
phone-recover-yes = Ждать семь дней
phone-recover-stopped = Это остановили с устройства этой учётной записи. Попробуйте завтра.
phone-no-picture = Это не картинка.
phone-forbidden = Это не тот пароль, или сервер вас не пускает.

## Polls
poll-new = Новый опрос
poll-question = Вопрос
poll-answer = Ответ { $number }
poll-several = Несколько ответов
poll-hide = Скрыть результаты
poll-hide-hint = Все увидят их, когда опрос закончится.
poll-open = Опрос
poll-hidden = Опрос, результаты будут в конце
poll-ended = Окончательные результаты
poll-most = { $count ->
    [one] до { $count } ответа
    [few] до { $count } ответов
   *[many] до { $count } ответов
  }
poll-people = { $count ->
    [0] Никто ещё не голосовал
    [one] { $count } голос
    [few] { $count } голоса
   *[many] { $count } голосов
  }
poll-vote = Голосовать
poll-mine = ваш ответ
poll-retract = Отозвать голос
poll-end = Завершить опрос
poll-end-confirm = Завершить опрос? Больше никто не сможет голосовать.
sign-in-title = Это вы входите?
sign-in-hint = Кто-то ввёл код с вашего номера и хочет войти на другом устройстве.
sign-in-browser = Браузер
sign-in-place = Адрес
sign-in-time = Время
sign-in-number = Число
sign-in-number-hint = Две цифры, которые показаны там
sign-in-no = Это не я
sign-in-yes = Впустить
sign-in-approved = Другое устройство впущено
sign-in-refused = Другому устройству отказано
sign-in-wrong-number = Это не то число. Другому устройству отказано.
sign-in-late = Этого ответа уже никто не ждёт
recovery-title = Это вы возвращаетесь?
recovery-hint = Кто-то ввёл код с вашего номера, но у него нет ни пароля, ни вашего устройства. С { $date } номер один откроет эту учётную запись, если вы не остановите.
recovery-mine = Это я
recovery-stop = Остановить
recovery-stopped = Ожиданием никто не войдёт
phone-settings = Номер телефона
phone-note = Ваш номер видите только вы.
phone-add = Добавить номер телефона
phone-add-hint = Код придёт в сообщении. После этого с этим номером можно входить.
phone-change = Сменить номер
phone-change-hint = Введите новый номер. На него придёт сообщение с кодом.
phone-remove = Удалить номер
phone-remove-ask = Удалить { $number }?
phone-remove-hint = Войти с ним больше не получится.
phone-last-way = Этот номер — единственный вход в вашу учётную запись. Сначала задайте пароль.
phone-show = Показать номер
phone-hide = Скрыть номер
phone-in-use = Этот номер у другой учётной записи.
phone-wrong-password = Это не ваш пароль.
phone-added = Номер добавлен
phone-changed = Номер изменён
phone-will-change = Номер изменится через семь дней
phone-pending = Сменится на { $number } { $date }
phone-pending-note = Кто-то попросил об этом без пароля и без старого номера. Если это были не вы, оставьте номер и смените пароль.
phone-keep = Оставить старый номер
phone-confirm = Подтвердите, что это вы.
phone-confirm-code = Код придёт на { $number }.
phone-send-code = Отправить код
phone-use-code = По коду
phone-use-password = По паролю
phone-lost = Старого номера у меня больше нет
phone-lost-hint = Тогда номер сменится через семь дней. До того это видно на всех ваших устройствах, и там же можно отменить.
phone-lost-yes = Сменить тогда
phone-second-factor = Двухэтапная проверка
phone-second-factor-on = Спрашивать пароль после кода
phone-second-factor-note = Тогда новому устройству, кроме кода, нужен пароль, и заменить его нельзя ничем.
phone-second-factor-begin = Включить
phone-second-factor-end = Выключить
phone-set-password = Задать пароль
phone-find = Кто найдёт меня по номеру
phone-find-nobody = Никто
phone-find-contacts = Те, чей номер я искал
phone-find-note = Вас найдут, только если у них есть ваш номер, а у вас — их.
phone-invites = Кто знает мой номер, может меня пригласить
phone-invites-note = Кто пригласит вас по нему, увидит, какая учётная запись ваша.
message-copy-picture = Скопировать изображение

## Links
link-leave-out = Отправить без предпросмотра
link-next = Предпросмотр другой ссылки
privacy-links = Предпросмотр ссылок
privacy-links-note = Ваш сервер смотрит страницы, на которые ведут сообщения. Сами страницы не узнают, кто вы.

## Threads
threads-title = Ветки
threads-empty = В ветках ещё ничего не написано.
thread-title = Ветка
thread-answer = Ответить в ветке
thread-notify = Уведомления этого обсуждения
thread-follow = Каждый ответ
thread-as-chat = Как в чате
thread-mute = Только упоминания

## Stickers
stickers-search = Поиск стикеров
stickers-empty = Стикеров пока нет. Наборы есть у групп: откройте информацию о группе.
stickers-own = Мой набор
stickers-emoji = Эмодзи
stickers-everywhere = Использовать набор во всех чатах
stickers-note = Все в группе отправляют их как стикеры и пишут в сообщениях как :имя:.
stickers-name = Название набора
stickers-code = Имя картинки
stickers-add = Добавить картинки
stickers-save = Сохранить
stickers-remove = Удалить картинку
message-report = Пожаловаться на сообщение
message-report-block = Заодно заблокировать { $name }

## Медленный режим, отправка позже, дни
slow-title = Медленный режим
slow-off = Выключен
slow-wait = Медленный режим: написать можно через { $left }
send-silent = Отправить без звука
send-later = Отправить позже
later-time = Время
later-past = Это время уже прошло.
later-send-today = Отправить сегодня в { $time }
later-send-on = Отправить { $day } в { $time }
later-title = Отложенные сообщения
later-done = Будет отправлено: { $day }, { $time }
later-now = Отправить сейчас
later-again = Изменить время
calendar-earlier = Предыдущий месяц
calendar-later = Следующий месяц
day-title = Перейти к дню
day-none = Здесь нет сообщений, к которым можно перейти.
hover-react = Ответить { $sign }
join-progress-begun = Загружаются участники группы
join-progress = Загружаются участники группы: { $done } из { $total }
sending-title = Отправка
sending-enter = Отправлять по Enter
sending-enter-hint = Shift+Enter начинает новую строку
sending-ctrl-enter = Отправлять по Ctrl+Enter
sending-ctrl-enter-hint = Enter начинает новую строку
message-reply-part = Ответить на выделенное
notify-away = Когда Hearth закрыт
notify-away-hint = О сообщениях сообщает браузер, в пути они зашифрованы
keywords-title = Слова, о которых сообщать
keywords-note = О сообщениях с этими словами сообщается как об упоминаниях, во всех чатах.
keywords-word = Слово
keywords-add = Добавить
keywords-remove = Убрать
row-copy-address = Скопировать адрес

## Colours of one's own, limits for loading, what is new
wallpaper-chat = Фон этого чата
wallpaper-chat-note = Виден только вам, на всех ваших устройствах.
wallpaper-like-all = Как во всех чатах
accent-title = Цвет
accent-theme = Цвет темы
accent-blue = Синий
accent-cyan = Голубой
accent-green = Зелёный
accent-orange = Оранжевый
accent-red = Красный
accent-pink = Розовый
accent-violet = Фиолетовый
row-clear = Очистить у меня
row-clear-confirm = Очистить «{ $name }» у вас?
row-clear-hint = Всё сказанное до сих пор исчезнет с ваших устройств. У остальных останется.
loading-usual = Загружается автоматически
loading-mobile = Через мобильную сеть
loading-mobile-note = Файлы побольше загружаются по нажатию. Пока браузер экономит трафик, сами загружаются только маленькие изображения.
loading-never = Ничего
loading-any = Любого размера
loading-up-to = До { $size }
loading-chats = Где и как
loading-in-dm = В личных чатах
loading-in-group = В группах
loading-play = Автовоспроизведение GIF
loading-play-hint = И коротких видео без звука
group-report = Пожаловаться на группу
update-there = Есть новая версия.
update-now = Обновить
link-show = Показать QR-код
